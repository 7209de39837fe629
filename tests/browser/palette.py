"""Screenshots as small PNG files: a picture of a page has few colours, and one byte a dot says which."""

import base64
import struct
import zlib
from dataclasses import dataclass

from playwright.sync_api import Page

# The commonest colours stay as they are. What room is left goes to those that are furthest from all that stay, one
# after the other, and the rest become the one nearest to them.
_COUNT = """
async (picture) => {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const dots = new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);

  const counts = new Map();
  for (const dot of dots) counts.set(dot, (counts.get(dot) ?? 0) + 1);
  const colours = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const part = (colour, shift) => (colour >> shift) & 255;
  const distance = (one, other) =>
    [0, 8, 16].reduce((sum, shift) => sum + (part(one, shift) - part(other, shift)) ** 2, 0);

  const palette = [];
  const places = colours.map(() => ({ index: 0, away: Infinity }));
  const add = (colour) => {
    palette.push(colour);
    colours.forEach((other, at) => {
      const away = distance(colour, other);
      if (away < places[at].away) places[at] = { index: palette.length - 1, away };
    });
  };
  colours.slice(0, 80).forEach(add);
  while (palette.length < Math.min(128, colours.length)) {
    const furthest = places.reduce((most, place, at) => (place.away > places[most].away ? at : most), 0);
    add(colours[furthest]);
  }

  const nearest = new Map(colours.map((colour, at) => [colour, places[at].index]));
  const indexes = dots.map((dot) => nearest.get(dot));
  let text = "";
  for (let at = 0; at < indexes.length; at += 8192) text += String.fromCharCode(...indexes.subarray(at, at + 8192));
  return { width: bitmap.width, height: bitmap.height, palette, dots: btoa(text) };
}
"""


@dataclass(frozen=True, slots=True)
class Painter:
    """Counts colours in a page of its own, which knows no policy."""

    page: Page

    def small(self, png: bytes) -> bytes:
        """The same picture in at most 128 colours."""
        counted = self.page.evaluate(_COUNT, base64.b64encode(png).decode())
        width, height = counted["width"], counted["height"]
        dots = base64.b64decode(counted["dots"])
        # Each line begins with its filter; none suits dots that are names and not amounts.
        lines = b"".join(b"\0" + dots[at : at + width] for at in range(0, width * height, width))
        colours = b"".join(colour.to_bytes(4, "little")[:3] for colour in counted["palette"])
        header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
