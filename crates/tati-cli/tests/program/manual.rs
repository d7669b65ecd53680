//! Completions and man pages.

use assert_cmd::Command;

#[test]
fn every_subcommand_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_tati"));
    program.arg("man").arg(folder.path()).assert().success();
    let page = std::fs::read_to_string(folder.path().join("tati-completions.1")).unwrap();
    assert!(page.contains(".SH SYNOPSIS"), "{page}");
}
