import fc from "fast-check";

/** The bytes of a stream, cut at any places. */
export const chunked = (stream: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> =>
  fc
    .tuple(stream, fc.array(fc.nat(1_000), { maxLength: 12 }))
    .map(([bytes, cuts]) => cutAt(bytes, cuts));

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) =>
    Buffer.from(bytes.subarray(at[index - 1] ?? 0, end)),
  );
}
