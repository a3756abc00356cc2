fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<_> = args.collect();
    let code = match command.to_str() {
        Some("demo") => lameduck::demo::run(args),
        Some("demo-server") => lameduck::demo::server_main(args),
        _ => 64,
    };
    std::process::ExitCode::from(u8::try_from(code).unwrap_or(70))
}
