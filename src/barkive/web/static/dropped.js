// What was dropped: files, and those in folders and in the folders inside them.

const PHOTO = /\.(jpe?g|jpe|jfif|mpo|a?png|webp|gif|bmp|dib|tiff?|avif|hei[cf]|hif)$/i;

/** Whether a file of a folder is a photo, by its name.
 * @param {{name: string}} file */
export function isPhoto({ name }) {
  return PHOTO.test(name) && !name.startsWith(".");
}

/** The photos of a drop, a few at a time.
 * @param {DataTransfer} dropped
 * @returns {AsyncGenerator<File[]>} */
export async function* photosOf(dropped) {
  // Taken at once: after the event they are gone.
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const folders = entries.filter((entry) => entry.isDirectory);
  const files = [...dropped.files];
  if (!folders.length) {
    yield files;
    return;
  }
  const single = await Promise.all(entries.filter((entry) => entry.isFile).map(fileOf));
  yield single.filter(Boolean);
  while (folders.length) {
    const reader = folders.shift().createReader();
    for (;;) {
      const part = await new Promise((ready) => reader.readEntries(ready, () => ready([])));
      if (!part.length) break;
      folders.push(...part.filter((entry) => entry.isDirectory));
      const photos = part.filter((entry) => entry.isFile && isPhoto(entry));
      yield (await Promise.all(photos.map(fileOf))).filter(Boolean);
    }
  }
}

/** @param {FileSystemFileEntry} entry
 * @returns {Promise<File | null>} */
function fileOf(entry) {
  return new Promise((ready) => entry.file(ready, () => ready(null)));
}
