// Asks the module questions in Node and prints the answers.
//
//     node check.mjs MODULE TABLE COUNTRIES < questions
//
// COUNTRIES is a file with a JSON object: an address and its country.
//
// A question is a line of JSON: {"user": …, "name": …} for a gate, with "kind" (1 to 3) and "parameter" for a value. An
// answer is a line: a number, or the parameter's JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [module, tablePath, countriesPath] = process.argv.slice(2);
const countries = JSON.parse(readFileSync(countriesPath));
const country = (start, length) => {
  const ip = new TextDecoder().decode(new Uint8Array(memory.buffer, start, length));
  const code = countries[ip];
  return code ? (code.charCodeAt(0) << 8) | code.charCodeAt(1) : 0;
};
const { instance } = await WebAssembly.instantiate(readFileSync(module), {
  host: { now_ms: () => BigInt(Date.now()), country },
});
const { memory, __heap_base, statsig_gate, statsig_parameter } = instance.exports;

// Memory beyond the module's own is the host's.
let free = __heap_base.value;
const take = (length) => {
  const start = (free + 7) & ~7;
  free = start + length;
  const missing = free - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  return start;
};
const put = (bytes) => {
  const start = take(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, start);
  return [start, bytes.length];
};
const words = (...numbers) => {
  const start = take(numbers.length * 4);
  const view = new DataView(memory.buffer);
  numbers.forEach((number, at) => view.setUint32(start + 4 * at, number, true));
  return start;
};
const text = (string) => put(new TextEncoder().encode(string));

const table = put(readFileSync(tablePath));
const begin = free;
for await (const line of createInterface({ input: process.stdin })) {
  const { user, name, kind, parameter } = JSON.parse(line);
  free = begin;
  const json = text(JSON.stringify(user));
  const room = 6 * json[1];
  const question = words(...table, ...json, ...text(name), take(room), room);
  if (kind === undefined) {
    console.log(statsig_gate(question));
    continue;
  }
  const out = [take(65536), 65536];
  const length = statsig_parameter(question, kind, words(...text(parameter)), words(...out));
  const answer = new Uint8Array(memory.buffer, out[0], Math.max(length, 0));
  console.log(length < 0 ? length : new TextDecoder().decode(answer));
}
