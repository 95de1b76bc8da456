// Makes the wizard's forms shorter, and the trial bearable: what a new address puts out of reach stays on the screen.
// ECMAScript 2017, for the oldest browsers in use.
(() => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const kind = at("kind"), dhcp = at("dhcp"), left = at("left"), begin = at("begin"), began = at("began");
  const EVERY = 5000, PATIENCE = 20000;
  function show() {
    for (const group of document.querySelectorAll(".group")) {
      const wanted = group.dataset.of === "dhcp" ? dhcp.checked : group.dataset.of === kind.value;
      group.hidden = group.disabled = !wanted;
    }
  }
  const file = at("file"), upload = at("upload");
  if (file && upload) file.addEventListener("change", () => { upload.checked = true; });
  for (const chooser of [kind, dhcp]) if (chooser) { chooser.addEventListener("change", show); show(); }
  // No navigation before there is an answer: a browser's own error page would take our words away.
  async function ask(body) {
    const stop = window.AbortController && new AbortController();
    const timer = stop && setTimeout(() => stop.abort(), PATIENCE);
    const how = body ? { method: "POST", body } : {};
    try {
      return await fetch(location.pathname, stop ? Object.assign(how, { signal: stop.signal }) : how);
    } finally { clearTimeout(timer); }
  }
  function again() {
    setTimeout(async () => {
      try {
        const told = new DOMParser().parseFromString(await (await ask()).text(), "text/html");
        const before = at("trial"), after = told.getElementById("trial");
        if (!before || !after || before.dataset.state !== after.dataset.state) { location.reload(); return; }
        at("now").replaceWith(told.getElementById("now"));
      } catch (_) { /* Out of reach: the next time, perhaps. */ }
      again();
    }, EVERY);
  }
  if (left) {
    const until = Date.parse(left.dataset.until);
    const tick = () => { left.textContent = left.dataset.text.replace("{seconds}", Math.max(0, Math.round((until - Date.now()) / 1000))); };
    setInterval(tick, 1000);
    tick();
    again();
  }
  if (begin && began) begin.addEventListener("submit", async (event) => {
    event.preventDefault();
    begin.hidden = true;
    began.hidden = false;
    try {
      const answer = await ask(new URLSearchParams(new FormData(begin)));
      // A refusal is shown as the page that it is.
      if (answer.ok) location.assign(answer.url); else begin.submit();
    } catch (_) { again(); }
  });
})();
