// The language client, and a picture beside the text that the server draws.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const NOTHING = "No network of this text can be drawn yet: mend what is marked in it.";
const WAIT = 250; // milliseconds between the last change and the next picture

let client;
let panel;
let timer;
let shown = "";

function start() {
  const [command, ...args] = vscode.workspace.getConfiguration("cnnspec").get("command");
  client = new LanguageClient(
    "cnnspec",
    "cnnspec",
    { command, args },
    { documentSelector: [{ language: "cnn" }] },
  );
  client.onNotification("$/cnnspec/settled", () => draw());
  return client.start();
}

function editor() {
  const active = vscode.window.activeTextEditor;
  if (active && active.document.languageId === "cnn") return active;
  return vscode.window.visibleTextEditors.find((each) => each.document.languageId === "cnn");
}

function draw() {
  if (!panel) return;
  clearTimeout(timer);
  timer = setTimeout(picture, WAIT);
}

async function picture() {
  const from = editor();
  if (!panel || !from || !client) return;
  const dark = [vscode.ColorThemeKind.Dark, vscode.ColorThemeKind.HighContrast];
  const theme = dark.includes(vscode.window.activeColorTheme.kind) ? "dark" : "light";
  const answer = await client.sendRequest("cnnspec/picture", {
    uri: client.code2ProtocolConverter.asUri(from.document.uri),
    line: from.selection.active.line,
    theme,
  });
  if (!panel) return;
  if (!answer || !answer.svg) {
    // while a text is broken the last picture stays
    if (!shown) panel.webview.html = page(notice((answer && answer.message) || NOTHING));
    return;
  }
  if (answer.svg === shown) return;
  shown = answer.svg;
  panel.title = answer.network;
  panel.webview.html = page(answer.svg);
}

function notice(words) {
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return `<p>${words.replace(/[&<>]/g, (each) => signs[each])}</p>`;
}

function page(svg) {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return `<!DOCTYPE html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>body { margin: 0; padding: 8px } svg { max-width: 100%; height: auto }</style>
</head><body>${svg.replace(/^<\?xml[^>]*>\s*(<!DOCTYPE[^>]*>)?/, "")}</body></html>`;
}

function preview() {
  if (!editor()) {
    return vscode.window.showInformationMessage("Open a spec (.cnn) first: its network is drawn.");
  }
  if (panel) {
    panel.reveal(undefined, true);
  } else {
    const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    panel = vscode.window.createWebviewPanel("cnnspec", "cnnspec", beside, { enableScripts: false });
    panel.onDidDispose(() => {
      panel = undefined;
      shown = "";
    });
  }
  return picture();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("cnnspec.preview", preview),
    vscode.commands.registerCommand("cnnspec.restart", async () => {
      if (client) await client.stop();
      await start();
    }),
    vscode.window.onDidChangeActiveTextEditor(draw),
    vscode.window.onDidChangeTextEditorSelection(draw),
    vscode.window.onDidChangeActiveColorTheme(() => {
      shown = "";
      draw();
    }),
  );
  await start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate, page };
