//! `speclens check`, `explain`, `env`, …: arguments in, text or JSON out.
