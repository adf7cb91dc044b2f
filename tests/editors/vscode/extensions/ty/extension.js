// Starts `ty server`, as people have one beside ours.

const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async () => {
  const server = { command: process.env.SPECLENS_TEST_TY, args: ["server"] };
  client = new LanguageClient("ty", "ty", server, { documentSelector: [{ scheme: "file", language: "python" }] });
  await client.start();
};

exports.deactivate = () => client?.stop();
