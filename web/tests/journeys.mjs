// What people do with the web app, in headless Chromium, against the built files.
//
//   node journeys.mjs ADDRESS [WORD …]      only journeys whose name has one of the words

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { deflateRawSync, gzipSync, inflateRawSync } from "node:zlib";
import { AxeBuilder } from "@axe-core/playwright";
import {
  FIRST, GROWTH, address, edit, failing, launch, rollout, run, seek, state, turned, verdict, visit, whatif,
  words, write,
} from "./browser.mjs";

const browser = await launch();
let passed = 0;
const failed = [];

/** What went wrong, on one line: what was said first, and what was waited for in vain. */
function short(error) {
  const lines = String(error).replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim());
  const waited = lines.slice(1).find((line) => line.includes("waiting for"));
  return [lines[0], waited].filter(Boolean).join(" ").slice(0, 240);
}

/** A journey: every person has a fresh profile, and nothing may go wrong unseen or go elsewhere. */
async function journey(claim, body, options = {}) {
  if (words.length && !words.some((word) => claim.includes(word))) return;
  const begun = performance.now();
  const people = [];
  const person = async (more) => {
    const page = await visit(browser, { ...options, ...more });
    people.push(page);
    return page;
  };
  try {
    await body(person);
    for (const page of people) {
      assert.deepEqual(page.wrongs, [], "errors in the console");
      assert.deepEqual(page.elsewhere, [], "requests to other places");
    }
    passed += 1;
    console.log(`browser ${claim} ... ok (${Math.round(performance.now() - begun)} ms)`);
  } catch (error) {
    failed.push(`${claim} (${short(error)})`);
    console.log(`browser ${claim} ... FAILED`);
    console.log(error, people.map((page) => page.wrongs));
  }
  await Promise.all(people.map((page) => page.context().close()));
}

/** What a download holds. */
async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

const notice = (page) => page.locator(".notice");
const fingerprint = (page) => page.locator("#fingerprint").textContent();

// Parity.

const lines = (await readFile("scenarios/expected.txt", "utf8")).trimEnd().split("\n").slice(1);
for (const line of lines) {
  const [file] = line.split(" ", 1);
  await journey(`parity: ${file} gives its expected fingerprint`, async (person) => {
    const page = await person();
    const text = await readFile(`scenarios/${file}`, "utf8");
    const title = /^name\s*=\s*"(.*)"/m.exec(text)[1];
    await run(page, title);
    assert.equal(await fingerprint(page), line.trim().split(/\s+/).at(-1));
  });
}

// Journeys.

await journey("first visit to verdict", async (person) => {
  const page = await person();
  await run(page, FIRST);
  assert.match(await verdict(page), /^Fits until 2026-04-22; order more hosts by 2026-02-21; /);
  const facts = await page.locator(".fact").allTextContents();
  assert.equal(facts.length, 5);
  assert.match(facts[4], /Refused31\.1%176 of 566 requests/);
  assert.ok((await page.locator("svg .stroke").count()) >= 5, "charts are drawn");
});

await journey("edit with an error and its mend", async (person) => {
  const page = await person();
  await edit(page, FIRST);
  await write(page, (text) => text.replace('model = "server", count', 'model = "sever", count'));
  await state(page, "1 problem to mend");
  assert.match(await page.locator(".problems li").textContent(), /Line 15.*sever.*did you mean/s);
  assert.match(await page.locator(".notes .error").textContent(), /sever/);
  assert.equal(await page.locator(".numbers .error").textContent(), "15");
  assert.ok(await page.locator(".workshop").getByRole("button", { name: "Run" }).isDisabled());
  await page.getByRole("button", { name: "Line 15" }).click();
  const at = await page.locator("#text").evaluate((area) => area.value.slice(area.selectionStart, area.selectionStart + 5));
  assert.equal(at, "hosts");
  await write(page, (text) => text.replace("sever\"", "server\"").replace("count = 20", "count = 60"));
  await state(page, "no problems");
  await page.keyboard.press("Control+Enter");
  assert.match(await verdict(page), /^Fits to the end/);
});

await journey("knobs change the run and not the text", async (person) => {
  const page = await person();
  await edit(page, FIRST);
  const text = await page.locator("#text").inputValue();
  await page.getByLabel("Hosts at the start").fill("60");
  await page.keyboard.press("Tab");
  await page.getByLabel("Policy").selectOption("worst-fit");
  await state(page, "no problems");
  await page.getByText("Hosts at the start (changed)").waitFor();
  await page.getByLabel("Seed").fill("9");
  await page.keyboard.press("Control+Enter");
  assert.match(await verdict(page), /^Fits to the end/);
  assert.match(await page.locator(".keep").textContent(), /seed 9,/);
  assert.match(await page.locator(".keep").textContent(), /Policy worst-fit/);
  await page.getByRole("button", { name: "Change" }).click();
  assert.equal(await page.locator("#text").inputValue(), text);
  await page.getByRole("button", { name: "Back to what the text says" }).click();
  await page.getByText("Hosts at the start (changed)").waitFor({ state: "detached" });
});

await journey("drop a trace, and an inventory for it", async (person) => {
  const page = await person();
  const drop = (name, bytes) => page.evaluate(([name, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [name, [...bytes]]);
  const rows = ["arrival_s,departure_s,vcpu,mem_mib"];
  for (let row = 0; row < 500; row += 1) rows.push(`${row * 60},${row * 60 + 7200},4,16384`);
  await drop("our requests.csv.gz", gzipSync(rows.join("\n") + "\n"));
  await state(page, "no problems");
  assert.match(await page.locator("#text").inputValue(), /trace = "our requests.csv.gz"/);
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  assert.match(await verdict(page), /all 500 requests were placed at once/);

  await page.getByRole("button", { name: "Change" }).click();
  await write(page, (text) => text.replace(/hosts = \{.*\}/, 'hosts = "hosts.csv"').replace(/^zones.*\n^racks.*\n/m, ""));
  await state(page, "to mend");
  await drop("hosts.csv", Buffer.from("name,cpu,mem_mib,rack\nalpha,32,131072,r1\nbeta,32,131072,r2\n"));
  await state(page, "no problems");
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  assert.match(await verdict(page), /requests refused/);
  await page.getByLabel("Host", { exact: true }).fill("beta");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "beta" }).waitFor();
});

await journey("scrub and read a host", async (person) => {
  const page = await person();
  await run(page, GROWTH);
  const clock = page.locator("#clock");
  assert.equal(await clock.textContent(), "2014-07-01");
  await seek(page, 0.5);
  await clock.getByText("2012-12-30").waitFor();
  const said = await page.locator("#said-hosts-0").textContent();
  assert.match(said, /^\d{3} hosts$/, "the charts say the same instant");
  await page.locator("#map").hover({ position: { x: 12, y: 48 } });
  await page.locator("#hovered-0", { hasText: /^h\d+ · z1 · .* VMs? · CPU \d+%, memory \d+%/ }).waitFor();
  await page.locator("#map").click({ position: { x: 12, y: 48 } });
  await page.getByRole("heading", { name: "at this instant" }).waitFor();
  const vms = Number.parseInt(await page.getByRole("heading", { name: "at this instant" }).textContent(), 10);
  assert.equal(await page.locator(".pointed tbody tr").count(), vms);
  assert.match(await page.locator(".pointed .now").textContent(), new RegExp(`· ${vms} VMs? ·`));
  await page.locator("main").focus();
  const before = await clock.textContent();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((before) => document.querySelector("#clock").textContent !== before, before);
});

await journey("play, zoom and a refusal's funnel", async (person) => {
  const page = await person();
  await run(page, FIRST);
  await page.getByLabel("Speed").selectOption("60");
  // It stands at the end, and begins anew: whoever asks only then may come too late.
  const early = page.waitForFunction(() => document.querySelector("#clock").textContent < "2026-06");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await early;
  await page.waitForFunction(() => document.querySelector("#clock").textContent > "2026-02");
  await page.getByRole("button", { name: "Pause" }).click();
  const chart = page.locator(".chart svg[role=img]").first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.locator(".zoom").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await page.locator(".zoom").waitFor({ state: "detached" });
  await seek(page, 0.5);
  await page.locator(".chips li:first-child button", { hasText: "2026-07" }).click();
  await page.getByRole("heading", { name: "What turned hosts away" }).waitFor();
  assert.match(await page.locator(".funnel").textContent(), /20 hosts in service.*not enough free cpu: 20 away, 0 left/);
  assert.ok((await page.locator(".changes li").count()) >= 1);
});

await journey("what a run takes for granted, and how to have it again", async (person) => {
  const page = await person();
  await run(page, FIRST);
  await page.getByText("Assumptions", { exact: true }).click();
  const assumed = page.locator(".assumed");
  await assumed.getByText("No host, rack or zone fails.").waitFor();
  assert.match(await assumed.locator("table").textContent(), /Demand.*50 to 150 VMs alive.*Placement/s);
  assert.equal(await page.locator("#again").textContent(), "fleetcast run first.toml");
});

await journey("what if: each number turned, and cancelled", async (person) => {
  const page = await person();
  await run(page, FIRST);
  await turned(page);
  assert.match(await page.locator(".whatif .answer").textContent(), /^What moves refused most is VMs asked for/);
  const rows = page.locator(".tornado tbody tr");
  assert.match(await rows.first().textContent(), /VMs asked for.*%.*%/);
  assert.equal(await page.locator(".tornado svg").count(), await rows.count(), "a drawing a number");
  await page.getByRole("button", { name: "Choose" }).click();
  await run(page, GROWTH);
  await page.getByRole("button", { name: "Turn each number" }).click();
  await page.locator(".whatif").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Turn each number" }).waitFor();
  assert.equal(await page.locator(".tornado").count(), 0);
});

await journey("compare two policies", async (person) => {
  const page = await person();
  await edit(page, FIRST);
  await page.getByRole("button", { name: "Compare policies" }).click();
  await page.getByLabel("Policy").first().selectOption("best-fit");
  await page.getByLabel("Seeds").fill("3");
  // The page is drawn anew whenever it likes: what is typed stays.
  await page.evaluate(() => window.dispatchEvent(new Event("resize")));
  assert.equal(await page.getByLabel("Seeds").inputValue(), "3");
  await page.getByRole("button", { name: "Run all" }).click();
  await page.getByText("3 of 3 seeds").nth(1).waitFor();
  await page.locator(".differences .answer", { hasText: "3 seeds" }).waitFor();
  const table = page.getByRole("table");
  assert.deepEqual(await table.locator("thead th").allTextContents(), ["What", "best-fit", "worst-fit"]);
  assert.match(await table.getByRole("row", { name: /^Requests refused for good/ }).textContent(), /%.*%/);
  assert.equal(await page.locator(".side .map").count(), 2);
  await seek(page, 0.1);
  await page.waitForFunction(() => {
    const [one, other] = [...document.querySelectorAll(".side .hovered")].map((line) => line.textContent);
    return /hosts/.test(one) && /hosts/.test(other) && one !== other;
  });
});

await journey("a share link opens in a fresh profile, and runs only when told", async (person) => {
  const page = await person({ permissions: ["clipboard-read", "clipboard-write"] });
  await edit(page, FIRST);
  await page.getByLabel("Seed").fill("42");
  await page.keyboard.press("Tab");
  await state(page, "no problems");
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  await verdict(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await notice(page).getByText("holds the whole scenario").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, page.url());
  const other = await person({ fragment: link.split("#")[1] });
  await notice(other).getByText("Opened from a link").waitFor();
  await state(other, "no problems");
  assert.equal(await other.locator("#verdict").count(), 0, "nothing was run");
  await other.locator(".workshop").getByRole("button", { name: "Run" }).click();
  assert.equal(await verdict(other), await verdict(page));
  assert.equal(await fingerprint(other), await fingerprint(page));
});

await journey("downloads hold what they say", async (person) => {
  const page = await person();
  await run(page, FIRST);
  const save = (name) => downloaded(page, () => page.locator(".keep").getByRole("button", { name }).click());
  const summary = await save("summary.json");
  assert.equal(JSON.parse(summary.bytes).fingerprint, await fingerprint(page));
  assert.equal((await save("Scenario")).bytes.toString(), await readFile("scenarios/first.toml", "utf8"));
  assert.match((await save("series.csv")).bytes.toString(), /^time_s,date,hosts_mean,.*\n0,2026-01-01T00:00:00,/);
  assert.equal((await save("Map")).bytes.subarray(1, 4).toString(), "PNG");
  const chart = page.locator(".chart").first();
  const svg = await downloaded(page, () => chart.getByRole("button", { name: "SVG" }).click());
  assert.match(svg.bytes.toString(), /^<svg [^]*<\/svg>\n$/);
  const png = await downloaded(page, () => chart.getByRole("button", { name: "PNG" }).click());
  assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
});

await journey("cancel a long run", async (person) => {
  const page = await person();
  await edit(page, GROWTH);
  await write(page, (text) => text.replace("to = 7000", "to = 700000").replace("count = 100 ", "count = 60000 "));
  await state(page, "no problems");
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  await page.getByText("Running: ").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  const said = await page.getByText("Cancelled at ").textContent();
  assert.match(said, /^Cancelled at 20\d\d-/);
  const rest = page.locator("#verdict, progress, #fingerprint");
  assert.equal(await rest.count(), 0, "nothing runs, and there is no result");
  await page.getByRole("button", { name: "Run again" }).waitFor();
  // The worker is free for another: it does not go on with the one before.
  await page.getByRole("button", { name: "Choose" }).click();
  await run(page, FIRST);
  assert.match(await verdict(page), /^Fits until 2026-04-22; /);
});

await journey("works offline after the first load", async (person) => {
  const page = await person();
  // The simulator answers: what the page itself fetches has come.
  await edit(page, FIRST);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.context().setOffline(true);
  await page.reload();
  await run(page, FIRST);
});

await journey("remembers nothing unless asked", async (person) => {
  const page = await person();
  await edit(page, FIRST);
  await write(page, (text) => `# mine\n${text}`);
  await state(page, "no problems");
  await run(page, GROWTH);
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await page.locator("#text").count(), 0);
  await edit(page, FIRST);
  await write(page, (text) => `# mine\n${text}`);
  await page.getByLabel("Remember it in this browser").check();
  await page.reload();
  await page.locator("#text").waitFor();
  assert.match(await page.locator("#text").inputValue(), /^# mine\n/);
  await page.getByLabel("Remember it in this browser").uncheck();
  assert.equal(await page.evaluate(() => localStorage.length), 0);
});

await journey("keyboard only", async (person) => {
  const page = await person();
  const focused = () => page.evaluate(() => {
    const it = document.activeElement;
    return (it.getAttribute("aria-label") ?? it.textContent).slice(0, 60);
  });
  const tabTo = async (wanted) => {
    for (let key = 0; key < 60; key += 1) {
      if ((await focused()).includes(wanted)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not lead to ${wanted}`);
  };
  await tabTo(`Run ${FIRST}`);
  await page.keyboard.press("Enter");
  await verdict(page);
  await tabTo("Fleet map");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.locator("#hovered-0", { hasText: /^h1 / }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "at this instant" }).waitFor();
  await tabTo("Play");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.locator("#clock", { hasText: "2026-12-31" }).waitFor();
  await page.keyboard.press("Home");
  await page.locator("#clock", { hasText: "2026-01-01" }).waitFor();
  await tabTo("Request ");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What turned hosts away" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "What turned hosts away" }).waitFor({ state: "detached" });
});

// What is hostile shows an error and runs nothing.

/** A link's fragment for anything. */
const fragmentOf = (shared) => "1." + deflateRawSync(Buffer.from(JSON.stringify(shared))).toString("base64url");
const written = (text, sets = []) => ({ written: { file: "a.toml", text, sets }, files: [] });
const first = await readFile("scenarios/first.toml", "utf8");
const good = fragmentOf(written(first));
assert.match(inflateRawSync(Buffer.from(good.slice(2), "base64url")).toString(), /twenty hosts/);
const hostile = {
  "cut off": good.slice(0, good.length / 2),
  "too long": "1." + "A".repeat(200_000),
  "a bomb": fragmentOf(written(" ".repeat(64 << 20))),
  "not ours": "javascript:alert(1)",
  "of another shape": fragmentOf({ written: 7 }),
  "with markup": "1.<img src=x onerror=alert(1)>",
};
for (const [name, fragment] of Object.entries(hostile)) {
  await journey(`hostile link: ${name}`, async (person) => {
    const page = await person({ fragment });
    await notice(page).getByText("this link").waitFor();
    assert.equal(await page.locator("#text, #verdict").count(), 0);
    await run(page, FIRST);
  });
}

await journey("hostile names are text, on the page and in files", async (person) => {
  const script = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
  const text = first
    .replace(/^name .*$/m, `name = '''${script}'''`)
    .replace(/^question .*$/m, `question = '''${script}'''`)
    .replaceAll('"main"', `'${script}'`)
    .replaceAll('"vms"', `'${script}'`)
    .replace("[host-models.server]", `[host-models.'${script}']`)
    .replaceAll('"server"', `'${script}'`);
  const page = await person({ fragment: fragmentOf(written(text, [["seed", "3"]])) });
  await state(page, "no problems");
  await page.locator(".workshop").getByRole("button", { name: "Run" }).click();
  await verdict(page);
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), script);
  await page.locator(".chips button").first().click();
  await page.getByRole("heading", { name: "What would make it fit" }).waitFor();
  await page.getByLabel("Host", { exact: true }).fill("h3");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "at this instant" }).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("main img, main script").count(), 0);
  const svg = await downloaded(page, () => page.locator(".chart").first().getByRole("button", { name: "SVG" }).click());
  assert.ok(!svg.bytes.toString().includes("<script") && !svg.bytes.toString().includes("<img"));
  assert.match(svg.name, /^[a-z0-9-]+\.svg$/);
});

await journey("hostile files are told and not run", async (person) => {
  const page = await person();
  const open = (name, buffer) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer });
  await open("<b>.exe", Buffer.from("MZ"));
  await notice(page).getByText("neither a scenario").waitFor();
  await open("broken.csv.gz", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
  await notice(page).getByText("neither the columns").waitFor();
  await open("large.toml", Buffer.alloc((4 << 20) + 1, 32));
  await notice(page).getByText("larger than 4 MiB").waitFor();
  await open("bytes.toml", Buffer.from([0xff, 0xfe, 0x00]));
  await notice(page).getByText("not UTF-8").waitFor();
  assert.equal(await page.locator("#text").count(), 0);
  const packed = gzipSync("arrival_s,departure_s,vcpu,mem_mib\n" + "0,60,1,1024\n".repeat(50_000));
  await open("cut.csv.gz", packed.subarray(0, packed.length - 20));
  await state(page, "to mend");
  assert.ok(await page.locator(".workshop").getByRole("button", { name: "Run" }).isDisabled());
  await open("deep.json", Buffer.from("[".repeat(100_000)));
  await page.getByRole("heading", { name: "deep.json" }).waitFor();
  await state(page, "to mend");
  await run(page, FIRST);
});

// Nobody is kept out.

const SCREENS = {
  choose: async () => {},
  editor: (page) => edit(page, FIRST),
  problems: async (page) => {
    await edit(page, FIRST);
    await write(page, (text) => text.replace("count = 20", "count = -1").replace("seed", "sed"));
    await state(page, "to mend");
  },
  replay: (page) => run(page, GROWTH),
  host: async (page) => {
    await run(page, FIRST);
    await page.getByLabel("Host", { exact: true }).fill("h3");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "at this instant" }).waitFor();
  },
  refusal: async (page) => {
    await run(page, FIRST);
    await page.locator(".chips button").first().click();
    await page.getByRole("heading", { name: "What would make it fit" }).waitFor();
  },
  rollout,
  down: failing,
  whatif,
  compare: async (page) => {
    await edit(page, FIRST);
    await page.getByRole("button", { name: "Compare policies" }).click();
    await page.getByLabel("Seeds").fill("2");
    await page.getByRole("button", { name: "Run all" }).click();
    await page.getByText("2 of 2 seeds").nth(1).waitFor();
  },
};
for (const colorScheme of ["light", "dark"]) {
  for (const [screen, go] of Object.entries(SCREENS)) {
    await journey(`axe: ${screen}, ${colorScheme}`, async (person) => {
      const page = await person({ colorScheme });
      await go(page);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      assert.deepEqual(said, []);
    });
  }
}

await journey("a phone has no sideways scroll", async (person) => {
  const page = await person();
  for (const go of [SCREENS.choose, SCREENS.editor, SCREENS.refusal, SCREENS.rollout, SCREENS.whatif]) {
    if (go !== SCREENS.choose) await page.getByRole("button", { name: "Choose" }).click();
    await go(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} px too wide`);
  }
}, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });

await browser.close();
const named = failed.length ? `: ${failed.join("; ")}` : "";
console.log(`${passed} passed, ${failed.length} failed${named}`);
process.exit(failed.length ? 1 : 0);
