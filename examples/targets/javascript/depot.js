// A deploy target for Depot, a made-up upload service:
//
//   GET  /applications/<name>    what runs: { revision, url, ready }, or 404
//   POST /applications           the application document: 200 and the same answer, or
//                                409 { missing: [sha256, ...] }, the contents to send before
//   PUT  /contents/<sha256>      the bytes of one content
//
// with "authorization: Bearer <token>" in each request.

import { step } from "bowline:deploy/console@0.1.0";
import { send } from "bowline:deploy/http@0.1.0";

/** Bytes that the answer to a content has at most. */
const LONGEST = 1024n * 1024n;

export const deployTarget = {
  describe() {
    return {
      name: "depot-js",
      version: "0.1.0",
      summary: "Deploys to a Depot, by a target in JavaScript",
      settings: [
        setting("depot-js-url", "URL of the Depot", { tag: "url" }, { grantsNetwork: true }),
        setting("depot-js-token", "Token for the Depot", { tag: "secret" }, { belongsTo: "depot-js-url" }),
      ],
      network: [],
      triggers: ["http"],
    };
  },

  async deploy(app, env) {
    const depot = new Depot(env);
    const [name, revision] = [app.name(), app.revision()];
    step(`Looking for '${name}'`);
    let running = await depot.running(name);
    if (running?.revision !== revision) {
      running = await upload(depot, app, name, revision);
    }
    return {
      id: name,
      application: name,
      revision,
      url: running.url,
      readyWhen: { path: running.ready, expected: ["/revision", revision] },
    };
  },
};

/** Looks what is missing, sends that, and looks again. */
async function upload(depot, app, name, revision) {
  const document = describeApplication(app, name, revision);
  let answer = await depot.publish(document);
  if (answer.missing) {
    for (const [n, sha256] of answer.missing.entries()) {
      step(`Sending content ${n + 1} of ${answer.missing.length}`);
      depot.put(sha256, app.open(sha256));
    }
    answer = await depot.publish(document);
  }
  if (answer.missing) {
    throw new Failure("conflict", "the Depot lost contents that were just sent; deploy again");
  }
  return answer;
}

/** The application as a Depot wants to know it. Sizes are BigInt, which JSON doesn't have. */
function describeApplication(app, name, revision) {
  const content = ({ sha256, size, mediaType }) => ({ sha256, size: Number(size), mediaType });
  return {
    name,
    revision,
    components: app.components().map((component) => ({
      id: component.id,
      source: content(component.source),
      files: component.files.map((file) => ({ path: file.path, ...content(file.content) })),
    })),
    triggers: app.triggers().map((trigger) => JSON.parse(trigger.config)),
  };
}

class Depot {
  constructor(env) {
    this.url = env.setting("depot-js-url").replace(/\/+$/, "");
    // A placeholder. The host puts the token in as the request leaves.
    this.token = env.setting("depot-js-token");
  }

  async running(name) {
    const answer = await this.send("GET", `/applications/${encodeURIComponent(name)}`, [200, 404]);
    return answer.status === 200 ? answer.json() : undefined;
  }

  async publish(document) {
    const answer = await this.send("POST", "/applications", [200, 409], JSON.stringify(document));
    return answer.json();
  }

  /** Has the host send a content: with its length, and without a byte of it in memory here. */
  put(sha256, content) {
    const path = `/contents/${sha256}`;
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/octet-stream" };
    const encoder = new TextEncoder();
    let answer;
    try {
      answer = send({
        method: "PUT",
        url: this.url + path,
        headers: Object.entries(headers).map(([name, value]) => [name, encoder.encode(value)]),
        body: { tag: "content", val: content },
        longest: LONGEST,
      });
    } catch (error) {
      throw withoutAnswer(error, this.url);
    }
    if (![200, 201].includes(answer.status)) throw failureOf(answer.status, `PUT ${path}`);
  }

  /** Sends a request. An answer with another status than these is a failure. */
  async send(method, path, expected, body) {
    const headers = { authorization: `Bearer ${this.token}` };
    if (body) headers["content-type"] = "application/json";
    let answer;
    try {
      answer = await fetch(this.url + path, { method, headers, body });
    } catch {
      // Why, the host says below.
      throw new Failure("unavailable", `the Depot at ${this.url} can't be reached`);
    }
    if (!expected.includes(answer.status)) throw failureOf(answer.status, `${method} ${path}`);
    return answer;
  }
}

/** What it means that `send` has no answer. */
function withoutAnswer(error, url) {
  // Anything else is a mistake in this file.
  if (!error.payload) return error;
  const { tag, val } = error.payload;
  switch (tag) {
    case "unreadable":
      return new Failure(val.tag, val.val);
    case "denied":
      return new Failure("forbidden", `this target has no grant for ${url}`);
    case "unreachable":
      return new Failure("unavailable", `the Depot at ${url} can't be reached: ${val}`);
    case "lost":
      return new Failure("unavailable", `the Depot at ${url} gave no whole answer: ${val}`);
    default:
      return new Failure("unexpected", `the Depot at ${url} can't be used: ${val ?? tag}`);
  }
}

function failureOf(status, request) {
  switch (status) {
    case 401:
      return new Failure("unauthenticated", "the Depot refuses the token: check --depot-js-token");
    case 403:
      return new Failure("forbidden", `the Depot doesn't allow ${request}`);
    case 422:
      return new Failure("unsupported-application", "the Depot doesn't take this application");
    case 429:
    case 503:
      return new Failure("unavailable", "the Depot is busy; try again later");
    default:
      return new Failure("unexpected", `the Depot answers ${request} with status ${status}`);
  }
}

/** One case of the contract's `error`: what a target throws. Anything else that it throws, it breaks down with. */
class Failure extends Error {
  constructor(tag, val) {
    super(val);
    this.payload = { tag, val };
  }
}

function setting(name, description, kind, more) {
  const variable = name.toUpperCase().replaceAll("-", "_");
  return { name, variable, description, kind, required: true, conflictsWith: [], grantsNetwork: false, ...more };
}
