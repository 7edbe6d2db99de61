//! The `stagegate` command: hands the command line to [`stagegate::cli`].

fn main() -> std::process::ExitCode {
    stagegate::cli::main()
}
