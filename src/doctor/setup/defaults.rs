//! `/etc/default/NAME`: what Debian's service files hand to a server as its options.
//!
//! Asked only where the server does not run; one that runs is asked for its command line.

/// The value of a key: a line `KEY="value"`, of which the last one counts.
pub fn value(text: &str, key: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.trim().split_once('='));
    let mut named = lines.filter(|(name, _)| *name == key);
    named.next_back().map(|(_, value)| unquoted(value.trim()))
}

fn unquoted(value: &str) -> String {
    let quotes = ['"', '\''].into_iter();
    let mut inside = quotes.filter_map(|quote| {
        let rest = value.strip_prefix(quote)?;
        rest.split(quote).next()
    });
    let plain = || value.split_whitespace().next().unwrap_or_default();
    inside.next().unwrap_or_else(plain).to_owned()
}
