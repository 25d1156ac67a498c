// What a tab has looked at, kept by the browser until the person clears it: what was said, small
// pictures, and the photos themselves, so that they can still be added. Each tab has its own.

const MOST = 2000;
const MOST_BYTES = 1 << 30;
// Of tabs that are closed by now nobody tells.
const FORGOTTEN_AFTER = 7 * 24 * 60 * 60 * 1000;
const TAB = "barkive-tab";

/**
 * @typedef {{id?: number, tab?: string, at?: number, name: string, verdict: object | null, lang: string,
 *   small: Blob | null, photo: number | null, wasThere: boolean}} Result
 */

/** The answer of a request to the database.
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>} */
function answered(request) {
  return new Promise((ready, failed) => {
    request.onsuccess = () => ready(request.result);
    request.onerror = () => failed(request.error);
  });
}

/** @param {IDBTransaction} work
 * @returns {Promise<void>} */
function done(work) {
  return new Promise((ready, failed) => {
    work.oncomplete = () => ready();
    work.onabort = () => failed(work.error);
  });
}

export class Kept {
  #photos = 0;
  #bytes = 0;

  /** @param {string} name Of the database, so that two servers under one name keep apart. */
  constructor(name) {
    this.tab = "";
    /** @type {Promise<IDBDatabase | null>} */
    this.database = this.#open(name).catch(() => null); // some browsers keep nothing
  }

  /** @param {string} name */
  async #open(name) {
    this.tab = sessionStorage.getItem(TAB) ?? `${Date.now()}-${Math.random()}`;
    sessionStorage.setItem(TAB, this.tab);
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const results = request.result.createObjectStore("results", { keyPath: "id", autoIncrement: true });
      results.createIndex("tab", "tab");
      request.result.createObjectStore("files");
    };
    return answered(request);
  }

  /** What this tab has, in the order in which it came; what others have left long ago is deleted.
   * @returns {Promise<{result: Result, file: File | null}[]>} */
  async all() {
    const database = await this.database;
    if (!database) return [];
    try {
      const work = database.transaction(["results", "files"], "readwrite");
      const results = work.objectStore("results");
      const files = work.objectStore("files");
      const found = [];
      for (const result of await answered(results.getAll())) {
        if (result.tab === this.tab) {
          const file = (await answered(files.get(result.id))) ?? null;
          this.#photos += 1;
          this.#bytes += file?.size ?? 0;
          found.push({ result, file });
        } else if (Date.now() - result.at > FORGOTTEN_AFTER) {
          results.delete(result.id);
          files.delete(result.id);
        }
      }
      return found;
    } catch {
      return [];
    }
  }

  /** Keeps a photo; of what is too much the photo itself is left out, and at last all.
   * @param {Result} result Gets its `id`.
   * @param {File} file
   * @returns {Promise<boolean>} Whether its result stays. */
  async add(result, file) {
    const database = await this.database;
    if (!database || this.#photos >= MOST) return false;
    this.#photos += 1;
    const fits = this.#bytes + file.size <= MOST_BYTES;
    if (fits) this.#bytes += file.size;
    return (fits && (await this.#put(database, result, file))) || this.#put(database, result, null);
  }

  /** @param {IDBDatabase} database
   * @param {Result} result
   * @param {File | null} file */
  async #put(database, result, file) {
    try {
      const work = database.transaction(["results", "files"], "readwrite");
      const id = await answered(work.objectStore("results").add({ ...result, tab: this.tab, at: Date.now() }));
      if (file) work.objectStore("files").put(file, id);
      await done(work);
      result.id = id;
      return true;
    } catch {
      return false; // such as no room
    }
  }

  /** Writes what has become known of a photo.
   * @param {Result} result */
  async update(result) {
    const database = await this.database;
    if (!database || result.id === undefined) return;
    try {
      const work = database.transaction("results", "readwrite");
      const { id } = result;
      // It may have been cleared meanwhile.
      const known = await answered(work.objectStore("results").get(id));
      if (known) work.objectStore("results").put({ ...known, ...result });
      await done(work);
    } catch {
      // It stays as it was.
    }
  }

  /** Deletes all that this tab has. */
  async clear() {
    const database = await this.database;
    this.#photos = 0;
    this.#bytes = 0;
    if (!database) return;
    const work = database.transaction(["results", "files"], "readwrite");
    const results = work.objectStore("results");
    for (const id of await answered(results.index("tab").getAllKeys(this.tab))) {
      results.delete(id);
      work.objectStore("files").delete(id);
    }
    await done(work);
  }
}
