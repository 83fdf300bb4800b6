//! The program: `framescope [FILE]` opens the window, a subcommand answers on the command line.

fn main() -> std::process::ExitCode {
    framescope::cli::main()
}
