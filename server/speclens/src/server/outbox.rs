//! What is said to the client unasked, in order; and what the client answers, which becomes an event.

use std::str::FromStr;

use crossbeam_channel::Sender;
use tokio::sync::mpsc::UnboundedReceiver;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{MessageType, Uri};

use super::convert;
use super::event::{Event, Message};
use super::settings;

/// Forwards the owner's messages. This task waits where the client is slow; the owner never does.
pub(super) async fn forward(client: Client, mut messages: UnboundedReceiver<Message>, events: Sender<Event>) {
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
            Message::Log(text) => client.log_message(MessageType::INFO, text).await,
            Message::AskSettings { follow } => {
                tokio::spawn(ask_settings(client.clone(), events.clone(), follow));
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

async fn ask_settings(client: Client, events: Sender<Event>, follow: bool) {
    if follow && let Err(error) = client.register_capability(convert::follow_settings()).await {
        tracing::info!(%error, "the client does not tell when its settings change");
    }
    match client.configuration(vec![convert::our_settings()]).await {
        Ok(answers) => {
            let settings = answers.into_iter().next().map(settings::of_json).unwrap_or_default();
            let _ = events.send(Event::SettingsAnswered(settings));
        }
        Err(error) => tracing::info!(%error, "the client does not tell its settings"),
    }
}
