use super::*;

#[test]
fn addresses_and_numbers_loosely() {
    for (text, email, phone, url) in [
        ("anna@example.com", true, false, false),
        ("a@b", true, false, false),
        ("@b", false, false, false),
        ("a@", false, false, false),
        ("a@b@c", false, false, false),
        ("a b@c", false, false, false),
        ("+39 (02) 1234", false, true, false),
        ("112", false, true, false),
        ("12", false, false, false),
        ("ext. 1-2-3", false, true, false),
        ("https://example.com", false, false, true),
        ("https://example.com/a?b=c#d", false, false, true),
        ("ftp+x://h", false, false, true),
        ("https://", false, false, false),
        ("https:///path", false, false, false),
        ("https://:80", false, false, false),
        ("example.com", false, false, false),
        ("://example.com", false, false, false),
        ("1a://example.com", false, false, false),
        ("https://exa mple.com", false, false, false),
        ("http://[::1]/x", false, false, true),
        ("mailto:anna@example.com", true, false, false),
        ("", false, false, false),
    ] {
        assert_eq!((is_email(text), is_phone(text), is_url(text)), (email, phone, url), "{text}");
    }
}

#[test]
fn failures_name_what_was_wrong() {
    assert_eq!(email("nobody").unwrap_err().to_string(), "`nobody` is no e-mail address");
    assert_eq!(phone("12").unwrap_err().code, FailureCode::BadPhone);
    let long = url(&"x".repeat(100)).unwrap_err().to_string();
    assert_eq!(long, format!("`{}…` is no URL", "x".repeat(60)));
}
