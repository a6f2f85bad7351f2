// The page's code is gzip in base64. The policy admits it by its hash, as it admits these lines.
const bytes = Uint8Array.from(atob('PACKED'), (character) => character.charCodeAt(0));
const code = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
new Response(code).text().then((text) => {
  const script = document.createElement('script');
  script.textContent = text;
  document.body.append(script);
});
