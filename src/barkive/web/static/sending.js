// Sends photos to the server, and again for as long as it is away, has no room or asks for a password.

const LONGEST_WAIT = 15;
const FAULTS = 3;
const BUSY = "server_photos_waiting";

/** The server has made an error with a photo, each time that it was sent. */
export class StuckError extends Error {}
/** The photo can't be sent, or the server does not take it. */
export class RefusedError extends Error {}

/** @param {number} seconds
 * @returns {Promise<void>} */
function pause(seconds) {
  return new Promise((ready) => setTimeout(ready, 1000 * seconds));
}

/** Whether an answer is the server's own, and not that of one in front of it.
 * @param {Response} answer */
function isOwn(answer) {
  return /^(application\/(problem\+)?json|image\/png)/.test(answer.headers.get("Content-Type") ?? "");
}

export class Sender {
  /** @type {Promise<void> | null} */
  #back = null;

  /** @param {string} probe An address that answers those who may use the server.
   * @param {Record<string, string>} texts
   * @param {(text: string, signIn?: boolean) => void} say Tells what all photos wait for; "" for nothing. */
  constructor(probe, texts, say) {
    this.probe = probe;
    this.texts = texts;
    this.say = say;
  }

  /** Waits until the server answers, and lets the person in; all photos wait for the same.
   * @param {boolean} signIn Whether it asks for a password.
   * @returns {Promise<void>} */
  back(signIn) {
    this.#back ??= this.#probe(signIn);
    return this.#back;
  }

  /** @param {boolean} signIn */
  async #probe(signIn) {
    for (let seconds = 1; ; seconds = Math.min(2 * seconds, LONGEST_WAIT)) {
      this.say(signIn ? this.texts.session : this.texts.away, signIn);
      await pause(seconds);
      const answer = await fetch(this.probe).catch(() => null);
      signIn = answer?.status === 401;
      if (answer?.ok && isOwn(answer)) break;
    }
    this.#back = null;
    this.say("");
  }

  /** The answer to a photo, once the server takes it or says why it does not.
   * @param {string} address
   * @param {{file: File, name: string, waits: (text: string) => void}} photo
   * @param {number} tries How often, where the server says that it can't for now.
   * @returns {Promise<Response>}
   * @throws {RefusedError | StuckError} */
  async send(address, photo, tries = Infinity) {
    for (let faults = 0; ; ) {
      const body = new FormData();
      body.append("files", photo.file, photo.name);
      const answer = await fetch(address, { method: "POST", body }).catch(() => null);
      if (!answer) {
        // What can't be read can't be sent either.
        await photo.file.slice(0, 1).arrayBuffer().catch(() => {
          throw new RefusedError(this.texts.file_gone);
        });
      }
      const own = answer && isOwn(answer);
      if (own && answer.ok) return answer;
      const said = own ? await answer.json() : {};
      if (answer?.status === 401) {
        photo.waits("");
        await this.back(true);
      } else if (own && said.code === BUSY) {
        photo.waits(this.texts.busy);
        await pause(Number(answer.headers.get("Retry-After")) || 1);
      } else if (own && answer.status === 503) {
        tries -= 1;
        if (!tries) throw new RefusedError(said.detail);
        photo.waits(said.detail);
        await pause(LONGEST_WAIT);
      } else if (own && answer.status >= 500) {
        faults += 1;
        if (faults >= FAULTS) throw new StuckError(this.texts.stuck);
        await pause(faults);
      } else if (answer && answer.status >= 400 && answer.status < 500) {
        throw new RefusedError(said.detail ?? this.texts.refused);
      } else {
        photo.waits("");
        await this.back(false);
      }
    }
  }
}
