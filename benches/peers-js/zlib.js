// What `statsig-node` asks of Node's `zlib`, which Compute does not have: its events go out compressed.

export function gzip(text, done) {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  new Response(packed).arrayBuffer().then(
    (bytes) => done(null, new Uint8Array(bytes)),
    (error) => done(error),
  );
}
