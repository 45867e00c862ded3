// What pages ask of the server, and what it answers.

export class Wrong extends Error {}

export async function ask(path, content, {signal, bytes = false} = {}) {
  const how = content === undefined ? {signal} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(content), signal,
  };
  const answer = await fetch(path, how);
  if (answer.status === 422) throw new Wrong((await answer.json()).mistakes.join("\n"));
  if (!answer.ok) throw new Wrong(`The server answered ${answer.status}. Is it still running?`);
  return bytes ? answer.arrayBuffer() : answer.json();
}

/** Series as a page reads them: a number a month, though what never changes is sent as one. */
export function spread(series, months) {
  return Object.fromEntries(Object.entries(series).map(([name, told]) => [name, Array.isArray(told) ? told : Array(months).fill(told)]));
}
