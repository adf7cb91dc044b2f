//! Kakoune reads what is told to users; kakoune-lsp itself is not there, so that its part is played.

use std::time::Duration;

use speclens_tests::clients::{command, debian, finished, need, repository};

#[test]
fn kakoune_reads_the_configuration() {
    let test = "kakoune_reads_the_configuration";
    let Some(kak) = need(test, debian::trixie("kak")) else { return };
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("editors/kakoune");
    std::fs::create_dir_all(&directory).expect("a directory");
    let servers = directory.join("servers.toml");
    drop(std::fs::remove_file(&servers));
    let script = format!(
        "declare-option str lsp_servers
        define-command lsp-enable-window %{{ echo -to-file '{}' %opt{{lsp_servers}} }}
        source '{}'
        edit -scratch shop.py; set-option buffer filetype python; quit!",
        servers.display(),
        repository().join("editors/kakoune/speclens.kak").display(),
    );
    let mut run = command(kak);
    run.args(["-n", "-ui", "dummy", "-e", &script]).env("XDG_RUNTIME_DIR", &directory);
    finished(&mut run, Duration::from_mins(1)).unwrap_or_else(|problem| panic!("{problem}"));
    let told = std::fs::read_to_string(&servers).expect("what kakoune-lsp is told");
    let told: toml::Table = told.parse().expect("TOML");
    for server in ["speclens", "ty"] {
        assert_eq!(told[server]["args"][0].as_str(), Some("server"), "the command is the section's name");
    }
}
