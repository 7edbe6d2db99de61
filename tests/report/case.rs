//! A folder with files, and the command in it.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub struct Case {
    pub folder: TempDir,
}

impl Case {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let case = Case { folder: tempfile::tempdir().expect("a folder") };
        for (name, text) in files {
            let path = case.folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        case
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
        command.args(args).current_dir(self.folder.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Exit code, stdout, stderr as one text.
    pub fn shown(&self, args: &[&str]) -> String {
        show(&self.run(args))
    }

    pub fn exit(&self, args: &[&str]) -> Option<i32> {
        self.run(args).status.code()
    }

    pub fn stdout(&self, args: &[&str]) -> String {
        String::from_utf8(self.run(args).stdout).expect("UTF-8")
    }

    pub fn with_stdin(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    }
}

pub fn show(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let code = output.status.code().expect("not killed");
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}
