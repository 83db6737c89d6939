(() => {
  "use strict";
  const byId = (id, root = document) => root.getElementById(id);
  const state = { timer: 0, busy: false, missed: false };

  // A text that somebody marks to copy it stays marked.
  const isMarking = () => !document.getSelection().isCollapsed;

  const put = (old, fresh) => {
    if (old.innerHTML !== fresh.innerHTML) old.innerHTML = fresh.innerHTML;
  };

  const swap = (fresh) => {
    const focused = document.activeElement;
    const id = focused && focused.id;
    const inTable = byId("accounts").contains(focused);
    const top = inTable ? focused.getBoundingClientRect().top : 0;
    const [x, y] = [window.scrollX, window.scrollY];
    for (const each of document.querySelectorAll("details[open]")) {
      const again = byId(each.id, fresh);
      if (again) again.open = true;
    }
    for (const part of ["summary", "updated", "accounts"]) put(byId(part), byId(part, fresh));
    document.title = fresh.title;
    document.body.dataset.refreshSeconds = fresh.body.dataset.refreshSeconds;
    window.scrollTo(x, y);
    const again = id && byId(id);
    if (again && again !== document.activeElement) again.focus({ preventScroll: true });
    if (again && inTable) window.scrollBy(0, again.getBoundingClientRect().top - top);
  };

  const refresh = async () => {
    if (state.busy) return;
    clearTimeout(state.timer);
    state.busy = true;
    state.missed = document.hidden;
    try {
      if (!document.hidden && !isMarking()) {
        const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(`it answered ${answer.status}`);
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!byId("accounts", fresh)) throw new Error("it answered something else");
        swap(fresh);
        byId("trouble").textContent = "";
      }
    } catch (error) {
      const why = error.message.startsWith("it ") ? error.message : "the exporter can't be reached";
      byId("trouble").textContent = `Not refreshed since: ${why}.`;
    } finally {
      state.busy = false;
      state.timer = setTimeout(refresh, 1000 * Number(document.body.dataset.refreshSeconds));
    }
  };

  byId("refresh").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && state.missed) refresh();
  });
  state.timer = setTimeout(refresh, 1000 * Number(document.body.dataset.refreshSeconds));
})();
