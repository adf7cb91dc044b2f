//! What is said to the client unasked, in order; and what the client answers, which becomes an event.

use std::path::PathBuf;
use std::str::FromStr;

use crossbeam_channel::Sender;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::notification::{LogTrace, Progress};
use tower_lsp_server::ls_types::request::WorkDoneProgressCreate;
use tower_lsp_server::ls_types::{
    LogTraceParams, MessageType, NumberOrString, ProgressParams, ProgressParamsValue, Uri, WorkDoneProgress,
    WorkDoneProgressBegin, WorkDoneProgressCreateParams, WorkDoneProgressEnd,
};

use super::convert;
use super::event::{Event, Message};
use super::settings;

/// Forwards the owner's messages. This task waits where the client is slow; the owner never does.
pub(super) async fn forward(client: Client, mut messages: UnboundedReceiver<Message>, events: Sender<Event>) {
    let (mut works, mut tokens) = (Vec::new(), 0_u64);
    while let Some(message) = messages.recv().await {
        match message {
            Message::Publish { name, version, diagnoses, related } => {
                let Ok(uri) = Uri::from_str(&name.uri) else { continue };
                let diagnostics = convert::diagnostics(&diagnoses, &name, related);
                client.publish_diagnostics(uri, diagnostics, version).await;
            }
            // A task each: the client may take its time, or never answer.
            Message::Watch => {
                let (client, events) = (client.clone(), events.clone());
                tokio::spawn(async move {
                    let answer = client.register_capability(convert::watch()).await;
                    if let Err(error) = &answer {
                        tracing::info!(%error, "the client does not watch files");
                    }
                    let _ = events.send(Event::Watching(answer.is_ok()));
                });
            }
            Message::Working(true) => {
                tokens += 1;
                let token = NumberOrString::String(format!("speclens/{tokens}"));
                works.push((token.clone(), tokio::spawn(begin(client.clone(), token))));
            }
            Message::Working(false) => {
                for (token, begun) in works.drain(..) {
                    tokio::spawn(end(client.clone(), token, begun));
                }
            }
            Message::Log(text) => client.log_message(MessageType::INFO, text).await,
            Message::Show(text) => client.show_message(MessageType::WARNING, text).await,
            Message::Trace(message) => {
                client.send_notification::<LogTrace>(LogTraceParams { message, verbose: None }).await;
            }
            Message::AskSettings { follow, folders } => {
                tokio::spawn(ask_settings(client.clone(), events.clone(), follow, folders));
            }
            Message::Refresh => {
                let client = client.clone();
                tokio::spawn(async move {
                    if let Err(error) = client.workspace_diagnostic_refresh().await {
                        tracing::info!(%error, "the client does not refresh");
                    }
                });
            }
        }
    }
}

/// Shows that there is work; false where the client cannot.
async fn begin(client: Client, token: NumberOrString) -> bool {
    let create = WorkDoneProgressCreateParams { token: token.clone() };
    let created = client.send_request::<WorkDoneProgressCreate>(create).await.is_ok();
    if created {
        let title = "Speclens follows imports".into();
        let begin =
            WorkDoneProgress::Begin(WorkDoneProgressBegin { title, ..WorkDoneProgressBegin::default() });
        tell_progress(&client, token, begin).await;
    }
    created
}

async fn end(client: Client, token: NumberOrString, begun: JoinHandle<bool>) {
    if begun.await.unwrap_or(false) {
        tell_progress(&client, token, WorkDoneProgress::End(WorkDoneProgressEnd::default())).await;
    }
}

async fn tell_progress(client: &Client, token: NumberOrString, progress: WorkDoneProgress) {
    let value = ProgressParamsValue::WorkDone(progress);
    client.send_notification::<Progress>(ProgressParams { token, value }).await;
}

async fn ask_settings(client: Client, events: Sender<Event>, follow: bool, folders: Vec<PathBuf>) {
    if follow && let Err(error) = client.register_capability(convert::follow_settings()).await {
        tracing::info!(%error, "the client does not tell when its settings change");
    }
    match client.configuration(convert::our_settings(&folders)).await {
        Ok(answers) => {
            let settings = answers.into_iter().map(settings::of_json).collect();
            let _ = events.send(Event::SettingsAnswered { folders, settings });
        }
        Err(error) => tracing::info!(%error, "the client does not tell its settings"),
    }
}
