// The same characters as `doorward_protocol::visible`: whatever a renderer would obey or hide.
const HIDDEN =
  /[\p{Cc}\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB\uE000-\uF8FF\u{E0000}-\u{E0FFF}\u{F0000}-\u{10FFFF}]/gu;

/** Untrusted text with control, bidirectional and invisible characters written out. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    if (character === "\t") return " ";
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}}`;
  });
}
