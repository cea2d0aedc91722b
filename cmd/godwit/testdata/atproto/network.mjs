// The reference AT Protocol network on loopback, with a few people in it. It
// prints one line of JSON with its addresses and what it holds, and ends when
// its input does. It wants DB_POSTGRES_URL and REDIS_HOST.
import { TestNetwork } from "@atproto/dev-env";

const net = await TestNetwork.create({ dbPostgresSchema: "godwit" });
const sc = net.getSeedClient();
for (const name of ["ida", "jun", "kay", "lou"]) {
  await sc.createAccount(name, { handle: `${name}.test`, email: `${name}@test.test`, password: "password" });
}
const { ida, jun, kay, lou } = sc.dids;
// not createProfile: the picture that it sends is not in the package
await net.pds.getAgent().app.bsky.actor.profile.create({ repo: jun }, { displayName: "Jun", description: "now at @jun@tide.test" }, sc.getHeaders(jun));
for (const friend of [jun, kay, lou]) await sc.follow(ida, friend);
const first = await sc.post(ida, "seen a knot at https://site.test/knot", [
  { index: { byteStart: 15, byteEnd: 37 }, features: [{ $type: "app.bsky.richtext.facet#link", uri: "https://site.test/knot" }] },
]);
await sc.reply(ida, first.ref, first.ref, "and another");
const theirs = await sc.post(jun, "hello");
await sc.reply(ida, theirs.ref, theirs.ref, "hello jun");
await sc.repost(ida, theirs.ref);
for (let i = 0; i < 200; i++) await sc.post(ida, `post ${i}`);
const list = await sc.createList(ida, "waders", "curate");
await sc.addToList(ida, kay, list);
await net.processAll();
console.log(JSON.stringify({ plc: net.plc.url, pds: net.pds.url, view: net.bsky.url, ida, follows: [jun, kay, lou], posts: 204 }));
process.stdin.resume();
process.stdin.on("end", async () => { await net.close(); process.exit(0); });
