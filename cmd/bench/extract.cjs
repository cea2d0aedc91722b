// Finds fediverse handles in bios with one plain regular expression that knows
// the forms which Godwit's matcher knows: @u@host, u@host, acct:u@host, @u @host,
// u (at) host dot tld, @u at host, @u on host, links to profiles. Arguments: a
// JSON list of bios, passes, seconds of processor time in each. Prints the best.
const [list, passes, seconds] = process.argv.slice(2);
const bios = JSON.parse(require("node:fs").readFileSync(list, "utf8"));

const user = "[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?";
const label = "[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?";
const tld = "(?:xn--[a-z0-9-]+|\\p{L}{2,})";
const host = `(?:${label}\\.)+${tld}`;
const dot = "(?:\\.|\\s?[(\\[]\\s?dot\\s?[)\\]]\\s?|\\s+dot\\s+)";
const spelled = `(?:${label}${dot})+${tld}`;
const at = "(?:\\s?@\\s?|\\s?[(\\[]\\s?at\\s?[)\\]]\\s?)";
const handle = new RegExp([
  `(?<![\\p{L}\\p{N}_.@/-])(?:acct:)?@?(${user})${at}(${spelled})`,
  `(?<![\\p{L}\\p{N}_.@/-])@(${user})\\s+(?:at|on)\\s+(${spelled})`,
  `https?://@?(${user})@(${host})`,
  `(?:https?://)?(${host})/(?:web/)?@(${user})(?:@(${host}))?`,
  `(?:https?://)?(${host})/(?:users?|u|profile|channel|accounts|c|video-channels|a)/(${user})`,
].join("|"), "giu");

function withHandle() {
  let found = 0;
  for (const bio of bios) {
    let any = false;
    for (const m of bio.matchAll(handle)) any ||= m[0].length > 0;
    if (any) found++;
  }
  return found;
}

function pass() {
  const began = process.cpuUsage();
  let n = 0, found = 0, used;
  do {
    found += withHandle();
    n += bios.length;
    const { user, system } = process.cpuUsage(began);
    used = (user + system) / 1e6;
  } while (used < Number(seconds));
  return { PerSecond: n / used, Share: found / n };
}

let best = { PerSecond: 0, Share: 0 };
for (let i = 0; i < Number(passes); i++) {
  const one = pass();
  if (one.PerSecond > best.PerSecond) best = one;
}
console.log(JSON.stringify(best));
