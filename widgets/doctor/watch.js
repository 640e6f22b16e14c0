// What the doctor notes in a page before anything of it runs. It changes nothing there.
(() => {
  const noted = { violations: [], shifts: [] };
  Object.defineProperty(window, "lastbookDoctor", { value: noted });
  const named = ({ node }) => (node instanceof Element ? node.localName + (node.id && "#" + node.id) : "text");
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
    noted.violations.push({ directive: effectiveDirective, blocked: blockedURI, source: sourceFile ?? "" }),
  );
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) noted.shifts.push({ value, moved: sources.map(named) });
  }).observe({ type: "layout-shift", buffered: true });
})();
