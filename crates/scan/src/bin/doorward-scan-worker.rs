//! Reads hostile packages inside a sandbox; started by `doorward` and `doorward-app`, not by people.

fn main() -> std::process::ExitCode {
    doorward_scan::worker::main()
}
