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
