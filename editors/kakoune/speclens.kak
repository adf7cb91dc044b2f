# Speclens with kakoune-lsp 18 or later, beside ty. In kakrc, behind the line that loads kakoune-lsp: source …/speclens.kak
hook -group speclens global BufSetOption filetype=python %{
    set-option buffer lsp_servers %{
        [ty]
        args = ["server"]
        root_globs = ["pyproject.toml", ".git"]

        [speclens]
        args = ["server"]
        root_globs = ["speclens.toml", "pyproject.toml", "setup.py", ".git"]
        settings_section = "_"
        [speclens.settings._]
        # The keys of speclens.toml:
        # speclens.rules.import-raises = "warning"
    }
}
hook -group speclens global WinSetOption filetype=python lsp-enable-window
