export function instrument(report) {
  const before = window.fetch;
  window.fetch = async function (...given) {
    const start = performance.now();
    const answer = await before.apply(this, given);
    report({ url: String(given[0]), took: performance.now() - start, status: answer.status });
    return answer;
  };
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, url) {
    this.addEventListener('loadend', () => report({ url, status: this.status }));
    return open.apply(this, arguments);
  };
}
