// The form that takes an export, with a script: files can be dropped, of a .zip
// only the needed files are sent, and they are sent in pieces, so that a broken
// connection costs a piece at most.
"use strict";
(function () {
  const form = document.getElementById("give");
  const input = document.getElementById("files");
  const list = document.getElementById("chosen");
  const send = document.getElementById("send");
  if (!form || !input || !window.XMLHttpRequest || !window.URLSearchParams) return;
  const plain = send.textContent;

  function size(n) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let i = 0;
    while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
    return (n < 10 && i > 0 ? n.toFixed(1) : Math.round(n)) + " " + units[i];
  }
  function show() {
    list.replaceChildren();
    let total = 0;
    for (const file of input.files) {
      const row = document.createElement("li"), name = document.createElement("bdi"), bytes = document.createElement("span");
      name.textContent = file.name;
      bytes.textContent = size(file.size);
      row.append(name, bytes);
      list.append(row);
      total += file.size;
    }
    send.textContent = input.files.length > 1
      ? form.dataset.send.replace("{count}", input.files.length).replace("{size}", size(total)) : plain;
  }
  input.addEventListener("change", show);

  const drop = form.querySelector(".drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (e) => { e.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (e) => {
    e.preventDefault();
    if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; show(); }
  });

  // ---- taking the needed files out of a .zip, without unpacking any
  // These are the files that the importer reads.
  const wanted = /^(?:(?:.*\/)?data\/|(?:[^\/]+\/)?)(?:manifest|account|screen-name-change|protected-history|following|follower|block|mute|lists-created|lists-subscribed|lists-member|note-tweet|tweets?|community-tweet|twitter-circle-tweet)(?:-part\d+)?\.js$|^(?:.*\/)?data\/js\/(?:user_details|payload_details|tweet_index|tweets\/\d{4}_\d{2})\.js$|^(?:[^\/]+\/)?tweets\.csv$/i;

  // And these, of other places than X.
  const others = /(^|\/)((actor|outbox)\.json|(following(_accounts)?|follows|followers(_accounts)?|blocks|blocked_accounts|mutes|muted_accounts|lists)\.csv|user_data(_tiktok)?\.json)$|(^|\/)(followers_and_following|threads|connections\/(followers|friends))\/(following|followers(_\d+)?|blocked_(profiles|accounts)|who_you.*|your_friends)\.(json|html)$/i;

  async function slice(file, from, to) { return new DataView(await file.slice(from, to).arrayBuffer()); }

  // stays is what the person is told when a file can't be taken apart here:
  // nothing is sent that was not looked at.
  class Stays extends Error {}
  function stay(word, name) { return new Stays(form.dataset[word].replace("{file}", name)); }

  const full32 = 0xffffffff, locked = 0x2041; // flags of entries, or of the whole directory, with a password

  // directory reads the index of a zip, of 64 bits too. base is how many bytes
  // lie before the zip itself.
  async function directory(file) {
    const start = Math.max(0, file.size - 65557), tail = await slice(file, start, file.size);
    for (let i = tail.byteLength - 22; i >= 0; i--) {
      if (tail.getUint32(i, true) !== 0x06054b50 || i + 22 + tail.getUint16(i + 20, true) > tail.byteLength) continue;
      let count = tail.getUint16(i + 10, true), bytes = tail.getUint32(i + 12, true), at = tail.getUint32(i + 16, true), end = start + i;
      if (at === full32 || count === 0xffff || bytes === full32) {
        const locator = await slice(file, end - 20, end);
        if (locator.byteLength < 20 || locator.getUint32(0, true) !== 0x07064b50) return null;
        let where = Number(locator.getBigUint64(8, true)), wide = await slice(file, where, where + 56);
        if (wide.byteLength < 56 || wide.getUint32(0, true) !== 0x06064b50) { where = end - 76; wide = await slice(file, where, where + 56); } // something lies before the zip
        if (wide.byteLength < 56 || wide.getUint32(0, true) !== 0x06064b50) return null;
        count = Number(wide.getBigUint64(32, true)); bytes = Number(wide.getBigUint64(40, true)); at = Number(wide.getBigUint64(48, true));
        end = where;
      }
      if (bytes > 128 << 20 || bytes > end) return null;
      const base = end - bytes - at;
      return base < 0 ? null : { count, base, view: await slice(file, end - bytes, end) };
    }
    return null;
  }

  // entries are the needed files of a zip; null when its index is broken.
  function entries(dir) {
    const found = [], text = new TextDecoder(), v = dir.view;
    let p = 0;
    for (let i = 0; i < dir.count; i++) {
      if (p + 46 > v.byteLength || v.getUint32(p, true) !== 0x02014b50) return null;
      const nameLength = v.getUint16(p + 28, true), extra = v.getUint16(p + 30, true), comment = v.getUint16(p + 32, true);
      if (p + 46 + nameLength + extra > v.byteLength) return null;
      const name = text.decode(new Uint8Array(v.buffer, v.byteOffset + p + 46, nameLength));
      if (wanted.test(name) || others.test(name)) {
        const e = { name, method: v.getUint16(p + 10, true), flags: v.getUint16(p + 8, true), time: v.getUint32(p + 12, true), crc: v.getUint32(p + 16, true),
          packed: v.getUint32(p + 20, true), full: v.getUint32(p + 24, true), at: v.getUint32(p + 42, true) };
        widen(e, v, p + 46 + nameLength, extra);
        e.at += dir.base;
        found.push(e);
      }
      p += 46 + nameLength + extra + comment;
    }
    return found;
  }
  // widen takes what is too large for 32 bits from the field beside.
  function widen(e, v, from, length) {
    for (let q = from, stop = from + length; q + 4 <= stop; q += 4 + v.getUint16(q + 2, true)) {
      if (v.getUint16(q, true) !== 1) continue;
      let r = q + 4;
      const last = Math.min(stop, r + v.getUint16(q + 2, true));
      for (const key of ["full", "packed", "at"]) {
        if (e[key] !== full32 || r + 8 > last) continue;
        e[key] = Number(v.getBigUint64(r, true));
        r += 8;
      }
    }
  }

  // header writes one entry's own header, or its place in the index.
  function header(e, name, central, offset) {
    const wide = central ? [e.full, e.packed, offset].filter((n) => n >= full32) : [e.full, e.packed];
    if (!central && e.full < full32 && e.packed < full32) wide.length = 0;
    const size = central ? 46 : 30, p = central ? 2 : 0, extra = wide.length ? 4 + 8 * wide.length : 0;
    const b = new DataView(new ArrayBuffer(size)), x = new DataView(new ArrayBuffer(extra)), small = (n) => (wide.length && (!central || n >= full32) ? full32 : n);
    b.setUint32(0, central ? 0x02014b50 : 0x04034b50, true);
    b.setUint16(4, extra ? 45 : 20, true);
    b.setUint16(4 + p, extra ? 45 : 20, true);
    b.setUint16(6 + p, e.flags & 0x0800, true);
    b.setUint16(8 + p, e.method, true);
    b.setUint32(10 + p, e.time, true);
    b.setUint32(14 + p, e.crc, true);
    b.setUint32(18 + p, small(e.packed), true);
    b.setUint32(22 + p, small(e.full), true);
    b.setUint16(26 + p, name.length, true);
    b.setUint16(28 + p, extra, true);
    if (central) b.setUint32(42, Math.min(offset, full32), true);
    if (extra) {
      x.setUint16(0, 1, true);
      x.setUint16(2, extra - 4, true);
      wide.forEach((n, i) => x.setBigUint64(4 + 8 * i, BigInt(n), true));
    }
    return new Blob([b.buffer, name, x.buffer]);
  }
  // ending is what follows the index, with its form of 64 bits where it is due.
  function ending(count, size, offset) {
    const parts = [];
    if (size >= full32 || offset >= full32) {
      const w = new DataView(new ArrayBuffer(76));
      w.setUint32(0, 0x06064b50, true);
      w.setBigUint64(4, 44n, true);
      w.setUint16(12, 45, true);
      w.setUint16(14, 45, true);
      for (const [at, n] of [[24, count], [32, count], [40, size], [48, offset], [64, offset + size]]) w.setBigUint64(at, BigInt(n), true);
      w.setUint32(56, 0x07064b50, true);
      w.setUint32(72, 1, true);
      parts.push(w.buffer);
    }
    const end = new DataView(new ArrayBuffer(22));
    end.setUint32(0, 0x06054b50, true);
    end.setUint16(8, count, true);
    end.setUint16(10, count, true);
    end.setUint32(12, Math.min(size, full32), true);
    end.setUint32(16, Math.min(offset, full32), true);
    parts.push(end.buffer);
    return parts;
  }

  const tiktok = /(^|\/)user_data(_tiktok)?( ?\(\d{1,3}\))?\.json$/i, messages = /^(direct-message|message-event)[a-z-]*(-part\d+)?( ?\(\d{1,3}\))?\.js$/i;

  // people keeps of TikTok's one file the lists of people; messages are in it too.
  function people(value) {
    if (!value || typeof value !== "object" || Array.isArray(value)) return undefined;
    const kept = {};
    for (const key of Object.keys(value)) {
      const list = /^(Following|FansList|BlockList)$/.test(key) && (Array.isArray(value[key]) || value[key] === null);
      const inner = list ? value[key] : people(value[key]);
      if (inner !== undefined) kept[key] = inner;
    }
    return Object.keys(kept).length ? kept : undefined;
  }
  async function onlyPeople(blob, name) {
    let kept;
    try { kept = people(JSON.parse((await new Response(blob).text()).replace(/^\uFEFF/, ""))) || {}; } catch { throw stay("damaged", name); }
    return new File([JSON.stringify(kept)], "user_data_tiktok.json", { type: "application/json" });
  }

  // only returns what is sent of a file: of a .zip one that holds the needed
  // files only, none of them perhaps. What can't be told apart stays.
  async function only(file) {
    const head = await slice(file, 0, 4), zip = /\.zip$/i.test(file.name) || head.byteLength === 4 && head.getUint32(0, true) === 0x04034b50;
    if (messages.test(file.name)) throw stay("messages", file.name);
    if (!zip) return tiktok.test(file.name) ? onlyPeople(file, file.name) : file;
    const dir = await directory(file), list = dir && entries(dir);
    if (!list) throw stay("damaged", file.name);
    if (list.some((e) => e.flags & locked)) throw stay("locked", file.name);
    const parts = [], central = [];
    let offset = 0, centralSize = 0;
    for (const e of list) {
      const local = await slice(file, e.at, e.at + 30);
      if (local.byteLength < 30 || local.getUint32(0, true) !== 0x04034b50) throw stay("damaged", file.name);
      const from = e.at + 30 + local.getUint16(26, true) + local.getUint16(28, true), body = file.slice(from, from + e.packed);
      if (tiktok.test(e.name) && (e.method === 0 || e.method === 8)) {
        return onlyPeople(e.method ? body.stream().pipeThrough(new DecompressionStream("deflate-raw")) : body, file.name);
      }
      const name = new TextEncoder().encode(e.name), own = header(e, name, false, 0), listed = header(e, name, true, offset);
      parts.push(own, body);
      central.push(listed);
      offset += own.size + e.packed;
      centralSize += listed.size;
    }
    return new File([...parts, ...central, ...ending(list.length, centralSize, offset)], file.name, { type: "application/zip", lastModified: file.lastModified });
  }

  // ---- sending in pieces
  const sending = document.getElementById("sending"), bar = document.getElementById("sent-bar"), text = document.getElementById("sent-text");
  const hold = document.getElementById("hold"), giveUp = document.getElementById("give-up");
  const pieceSize = Number(form.dataset.piece), firstPause = 1, longestPause = 60; // bytes; seconds
  const plainHold = hold.textContent;
  let under = null; // the sending under way

  function hex(bytes) { return Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join(""); }

  // mark is by what an upload is found again, in this page or after a reload:
  // names, sizes and times of the files with what they begin and end with.
  // Without crypto.subtle, on plain http, it is found in this page only.
  async function mark(files) {
    if (!crypto.subtle) return hex(crypto.getRandomValues(new Uint8Array(32)));
    const parts = [];
    for (const f of files) parts.push(JSON.stringify([f.name, f.size, f.lastModified]), f.slice(0, 65536), f.slice(Math.max(0, f.size - 65536)));
    return hex(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
  }

  function ask(u, method, path, headers, body, progress) {
    return new Promise((resolve, reject) => {
      const r = u.request = new XMLHttpRequest();
      r.addEventListener("load", () => resolve(r));
      r.addEventListener("error", reject);
      r.addEventListener("abort", reject);
      if (progress) r.upload.addEventListener("progress", progress);
      r.open(method, path);
      r.setRequestHeader("Godwit-Script", "1");
      for (const name in headers) r.setRequestHeader(name, headers[name]);
      r.send(body);
    });
  }

  let told = 0;
  function tell(u, done) {
    bar.value = u.whole.size ? 100 * done / u.whole.size : 100;
    if (Date.now() - told < 1000 && done < u.whole.size) return;
    told = Date.now();
    text.textContent = form.dataset.working.replace("{done}", size(done)).replace("{total}", size(u.whole.size));
  }

  // find declares the files, or asks how far they came before. An answer with
  // another address than an upload's is the end.
  async function find(u) {
    const fields = new URLSearchParams({ mark: u.mark });
    for (const f of u.files) { fields.append("name", f.name); fields.append("size", f.size); }
    const r = await ask(u, "POST", "/uploads", {}, fields);
    if (r.status === 201 && r.getResponseHeader("Upload-Offset") !== null) {
      u.place = u.known = r.getResponseHeader("Location");
      u.offset = Number(r.getResponseHeader("Upload-Offset"));
      return null;
    }
    return r;
  }
  async function sendPiece(u) {
    const from = u.offset, piece = u.whole.slice(from, from + pieceSize);
    let body;
    try { body = await piece.arrayBuffer(); } catch { u.lost = true; throw new Error("lost"); }
    const r = await ask(u, "PATCH", u.place, { "Upload-Offset": from, "Content-Type": "application/partial-upload" }, body, (p) => tell(u, from + p.loaded));
    if (r.status !== 204) return r;
    u.offset = Number(r.getResponseHeader("Upload-Offset"));
    u.pause = firstPause;
    return null;
  }
  function wait(u, seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      u.wake = () => { clearTimeout(timer); resolve(); };
    });
  }
  async function broke(u) {
    u.place = null;
    text.textContent = form.dataset.broke.replace("{percent}", Math.floor(bar.value)).replace("{n}", u.pause);
    await wait(u, u.pause);
    u.pause = Math.min(2 * u.pause, longestPause);
  }
  window.addEventListener("online", () => { if (under && under.wake && !under.held) under.wake(); });

  // passing are answers after which the same may go well: another piece is
  // coming in, the server is busy or away.
  function passing(status) { return status === 404 || status === 400 || status === 409 || status === 429 || status === 502 || status === 503 || status === 504; }

  // deliver sends until the server has all and says something about it.
  async function deliver(u) {
    for (;;) {
      while (u.held && !u.ended) await wait(u, longestPause);
      if (u.ended) return null;
      let r = null;
      try {
        r = u.place ? await sendPiece(u) : await find(u);
      } catch {
        if (u.ended || u.lost) return null;
        if (!u.held) await broke(u);
        u.place = null;
        continue;
      }
      if (!r) tell(u, u.offset);
      else if (passing(r.status)) await broke(u);
      else return r;
    }
  }

  hold.addEventListener("click", () => {
    const u = under;
    if (!u) return;
    u.held = !u.held;
    hold.textContent = u.held ? hold.dataset.go : plainHold;
    if (u.held) {
      u.request.abort();
      text.textContent = form.dataset.held.replace("{done}", size(u.offset)).replace("{total}", size(u.whole.size));
    }
    if (u.wake) u.wake();
  });
  giveUp.addEventListener("click", async () => {
    const u = under;
    if (!u) return;
    u.ended = true;
    u.request.abort();
    if (u.wake) u.wake();
    idle();
    if (u.known) try { await ask(u, "DELETE", u.known, {}); } catch { /* it ends by itself in a day */ }
  });
  function idle() {
    under = null;
    sending.hidden = true;
    send.disabled = false;
    send.classList.remove("busy");
    hold.textContent = plainHold;
  }

  // The rejected form comes back with its sentence; a reload of this page would
  // lose it, so it is put in place.
  function rejected(r) {
    const page = new DOMParser().parseFromString(r.responseText, "text/html");
    const next = page.getElementById("content");
    if (!next) { location.reload(); return; }
    idle();
    for (const old of document.querySelectorAll("#problem, .drop .wrong")) old.remove();
    const problem = next.querySelector("#problem"), wrong = next.querySelector(".drop .wrong");
    if (!problem && !wrong) document.getElementById("content").replaceChildren(...next.childNodes);
    if (problem) { document.getElementById("content").prepend(problem); problem.focus(); }
    if (wrong) { drop.classList.add("bad"); input.before(wrong); }
    document.title = page.title;
  }

  // refuse says at the form what was not sent, and why.
  function refuse(why) {
    for (const old of document.querySelectorAll("#problem, .drop .wrong")) old.remove();
    const wrong = document.createElement("p");
    wrong.className = "wrong";
    wrong.id = "files-wrong";
    wrong.setAttribute("role", "alert");
    wrong.textContent = why;
    drop.classList.add("bad");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", wrong.id);
    input.before(wrong);
    input.focus();
  }

  form.addEventListener("submit", async (e) => {
    if (!input.files.length) return; // the server says what is missing
    e.preventDefault();
    if (under) return;
    send.classList.add("busy");
    send.disabled = true;
    const files = [];
    try {
      for (const file of input.files) files.push("filter" in form.dataset ? await only(file) : file);
    } catch (why) {
      idle();
      refuse(why instanceof Stays ? why.message : form.dataset.lost);
      return;
    }
    const u = under = { files, whole: new Blob(files), mark: "", place: null, known: null, offset: 0, pause: firstPause, held: false, ended: false, lost: false, wake: null, request: null };
    sending.hidden = false;
    try { u.mark = await mark(files); } catch { u.lost = true; }
    const r = u.lost ? null : await deliver(u);
    if (u.lost) {
      idle();
      sending.hidden = false;
      text.textContent = form.dataset.lost;
    } else if (r && r.status === 201) {
      location.assign(r.getResponseHeader("Location"));
    } else if (r) {
      rejected(r);
    }
  });
})();
