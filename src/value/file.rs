//! Files of tests: a text stands for one, by its address or by its name alone.

use super::{File, validate};
use std::fmt::Write;

/// Where files are of which a test only gives the name.
const NOWHERE: &str = "https://simulated.invalid/";

impl File {
    /// The file that a text stands for: an address, whose last part is then its name, or a name.
    pub fn meant(text: &str) -> File {
        if validate::is_url(text) {
            let path = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/');
            let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(text);
            return File { name: name.into(), url: text.into() };
        }
        let mut url = String::from(NOWHERE);
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                url.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(url, "%{byte:02X}");
            }
        }
        File { name: text.into(), url: url.into() }
    }

    /// The text that stands for it, if there is one.
    pub fn written(&self) -> Option<&str> {
        [&self.name, &self.url].into_iter().map(|text| &**text).find(|text| File::meant(text) == *self)
    }

    /// Whether this is the file that a test expects: the one at its address, or, where only a name was given, of its name.
    pub fn is_expected(&self, expected: &File) -> bool {
        let by_name = *expected == File::meant(&expected.name);
        if by_name { self.name == expected.name } else { self.url == expected.url }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_a_file() {
        let meant = |text: &str| {
            let file = File::meant(text);
            assert!(validate::is_url(&file.url), "{file:?}");
            assert_eq!(file.written(), Some(text));
            (file.name.to_string(), file.url.to_string())
        };
        let both = |name: &str, url: &str| (name.to_owned(), url.to_owned());
        assert_eq!(meant("offer.pdf"), both("offer.pdf", "https://simulated.invalid/offer.pdf"));
        assert_eq!(meant("Das Bild.png"), both("Das Bild.png", "https://simulated.invalid/Das%20Bild.png"));
        assert_eq!(meant("s3://store/a/b.pdf?v=1"), both("b.pdf", "s3://store/a/b.pdf?v=1"));
        assert_eq!(meant("https://example.com/"), both("example.com", "https://example.com/"));
        assert_eq!(meant("/"), both("/", "https://simulated.invalid//"));
    }

    #[test]
    fn a_name_expects_a_file_of_that_name_and_an_address_the_file_there() {
        let file = File { name: "offer.pdf".into(), url: "https://example.com/17".into() };
        assert_eq!(file.written(), None);
        assert!(file.is_expected(&File::meant("offer.pdf")));
        assert!(file.is_expected(&File::meant("https://example.com/17")));
        assert!(!file.is_expected(&File::meant("17")));
        assert!(!file.is_expected(&File::meant("https://example.com/offer.pdf")));
    }
}
