//! Options of a command line, taken apart as `getopt_long` does it.

/// What options a program has, as far as that is needed to tell an option from its value.
#[derive(Debug)]
pub struct Grammar {
    /// Its letters as `getopt` takes them: a colon behind those that have a value.
    pub letters: &'static str,
    /// Its long options that have a value in the next word.
    pub valued: &'static [&'static str],
    /// Letters that are asked for, with their long names.
    pub names: &'static [(char, &'static str)],
}

/// A command line, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    given: Vec<(String, Option<String>)>,
    /// What is no option.
    pub rest: Vec<String>,
}

impl Options {
    /// Whether an option is there.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The value of an option; the last one counts.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// All values of an option.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let given = self.given.iter().filter(move |(given, _)| given == name);
        given.filter_map(|(_, value)| value.as_deref())
    }

    /// All options as they were given.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        let given = self.given.iter();
        given.map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()))
    }
}

impl Grammar {
    /// Takes a command line apart, of which the first word is the program.
    pub fn parse(&self, command: &[String]) -> Options {
        let mut options = Options::default();
        let mut words = command.iter().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--" => {
                    options.rest.extend(words.cloned());
                    break;
                }
                // A lone dash is no option: it means standard input.
                "-" => options.rest.push(word.clone()),
                _ => match (word.strip_prefix("--"), word.strip_prefix('-')) {
                    (Some(long), _) => options.given.push(self.long(long, &mut words)),
                    (None, Some(letters)) => self.short(letters, &mut words, &mut options),
                    (None, None) => options.rest.push(word.clone()),
                },
            }
        }
        options
    }

    fn long<'a>(
        &self,
        word: &str,
        words: &mut impl Iterator<Item = &'a String>,
    ) -> (String, Option<String>) {
        match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None if self.valued.contains(&word) => (word.to_owned(), words.next().cloned()),
            None => (word.to_owned(), None),
        }
    }

    /// Letters may stand together; behind one with a value the rest of the word is that value.
    fn short<'a>(
        &self,
        letters: &str,
        words: &mut impl Iterator<Item = &'a String>,
        options: &mut Options,
    ) {
        for (at, letter) in letters.char_indices() {
            let name = self.name(letter);
            if !self.takes_value(letter) {
                options.given.push((name, None));
                continue;
            }
            let behind = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = match behind {
                "" => words.next().cloned(),
                value => Some(value.to_owned()),
            };
            options.given.push((name, value));
            return;
        }
    }

    fn takes_value(&self, letter: char) -> bool {
        let mut behind = self.letters.split(letter).skip(1);
        letter != ':' && behind.any(|rest| rest.starts_with(':'))
    }

    fn name(&self, letter: char) -> String {
        let mut names = self.names.iter();
        let known = names.find(|(short, _)| *short == letter);
        known.map_or_else(|| letter.to_string(), |(_, long)| (*long).to_owned())
    }
}
