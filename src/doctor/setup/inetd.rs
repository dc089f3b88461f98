//! `/etc/inetd.conf`: servers that are started when somebody asks.

/// The command line of each server that it starts for TFTP: seven fields or more, of which
/// the sixth is the program, and the rest what that is started with.
pub fn tftp(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fields = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
    let served = fields.filter(|fields: &Vec<String>| {
        let service = fields.first().map(String::as_str);
        let service = service.and_then(|service| service.rsplit(':').next());
        service == Some("tftp")
    });
    let commands = served.map(|fields| fields.into_iter().skip(6).collect::<Vec<_>>());
    commands.filter(|command| !command.is_empty()).collect()
}

/// The name of the program that a command line starts.
pub fn program(command: &[String]) -> &str {
    let first = command.first().map(String::as_str).unwrap_or_default();
    first.rsplit('/').next().unwrap_or_default()
}
