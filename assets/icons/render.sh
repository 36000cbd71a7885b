#!/bin/sh
# Draws every PNG from its SVG master; needs rsvg-convert (Debian: librsvg2-bin).
set -eu
cd "$(dirname "$0")"
app=../../src-tauri/icons

rsvg-convert -w 32 -h 32 doorward.svg -o $app/32x32.png
rsvg-convert -w 128 -h 128 doorward.svg -o $app/128x128.png
rsvg-convert -w 256 -h 256 doorward.svg -o $app/128x128@2x.png
rsvg-convert -w 512 -h 512 doorward.svg -o $app/icon.png

style=$(mktemp)
trap 'rm -f "$style"' EXIT

# draw STATE SUFFIX COLOUR DOT: one tray state in 22 and 44 pixels; the 44 has no size in its name
draw() {
    printf 'svg { color: %s } .dot { fill: %s }' "$3" "$4" > "$style"
    rsvg-convert -s "$style" -w 44 -h 44 "tray-$1.svg" -o "tray/$1$2.png"
    rsvg-convert -s "$style" -w 22 -h 22 "tray-$1.svg" -o "tray/$1$2-22.png"
}

# In colours that stand out on a light panel and on a dark one; then symbolic for each.
draw calm '' '#1a8a86' '#1a8a86'
draw attention '' '#1a8a86' '#c27c0e'
draw alarm '' '#d9483b' '#d9483b'
draw outline '' '#858b8d' '#858b8d'
for state in calm attention alarm outline; do
    draw $state -on-light '#1d2225' '#1d2225'
    draw $state -on-dark '#f6f5f1' '#f6f5f1'
done
