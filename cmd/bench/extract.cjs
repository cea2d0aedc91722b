// Finds fediverse handles in bios with one plain regular expression: @u@host,
// u@host, acct:u@host, https://host/@u, /web/@u, /users/u. Arguments: a JSON list
// of bios, passes, seconds of processor time in each. Prints the best pass.
const [list, passes, seconds] = process.argv.slice(2);
const bios = JSON.parse(require("node:fs").readFileSync(list, "utf8"));

const user = "[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?";
const host = "(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]*[\\p{L}\\p{N}])?\\.)+(?:xn--[a-z0-9-]+|\\p{L}{2,})";
const handle = new RegExp(
  `(?<![\\p{L}\\p{N}_.@/])(?:acct:)?@?(${user})@(${host})` + `|https?://(${host})/(?:web/)?(?:@|users/)(${user})`, "giu");

function withHandle() {
  let found = 0;
  for (const bio of bios) {
    let any = false;
    for (const m of bio.matchAll(handle)) any ||= (m[1] ?? m[4]).length > 0;
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
