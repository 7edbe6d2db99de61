//! Programs of any length, as people write them: the same for every run.

use std::fmt::Write;

/// A program of about so many lines: pipelines of eight stages, each stage with two triggers and three rules.
pub fn program(lines: usize) -> String {
    let mut text = String::from(
        "use crm\ncurrency EUR\n\nuser anna \"Anna\"\nuser boris \"Boris\"\ndepartment sales \"Sales\"\n\n",
    );
    let mut count = text.lines().count();
    let mut pipeline = 0;
    while count < lines {
        let before = text.len();
        write_pipeline(&mut text, pipeline);
        count += text[before..].lines().count();
        pipeline += 1;
    }
    text
}

fn write_pipeline(text: &mut String, number: usize) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "const large_{number} = {} EUR\n", 1000 + number);
    let _ = writeln!(text, "fn urgent_{number}(total: money in EUR) -> bool = total >= large_{number}\n");
    let _ = writeln!(text, "pipeline Sales{number} \"Sales {number}\" for Deal {{");
    for stage in 0..8 {
        let kind = if stage == 7 { "success stage" } else { "stage" };
        let _ = writeln!(text, "  {kind} S{stage} \"Stage {stage}\" {{");
        if stage > 0 {
            let _ = writeln!(
                text,
                "    trigger \"The invoice {stage} is paid\"\n      on invoice.paid(invoice: \"I-{number}-{stage}\")\n      \
                 when amount > {stage}00 EUR and source == web\n    \
                 trigger on change of amount when urgent_{number}(amount) and title starts with \"A{stage}\"",
            );
        }
        let _ = writeln!(
            text,
            "    # Those who work with it are told.\n    \
             rule tell \"Tell the department\" when amount >= {stage}50 EUR and responsible.department == sales {{\n      \
             notify {{\n        to: sales,\n        text: \"{{title}} of {{contact.name ?? \"somebody\"}} is in {stage}: {{amount}}\"\n      }}\n    }}\n    \
             rule chase after {} days {{\n      if closes is set and closes < today {{\n        \
             notify {{ to: responsible, text: \"{{title}} should have been closed on {{closes}}\" }}\n      }} else {{\n        \
             set closes = today + 7 days\n      }}\n    }}\n    \
             then rule done {{\n      let days = {stage} + 2 * 3\n      comment {{ text: \"Seen for {{days}} days\" }}\n    }}\n  }}",
            stage + 1,
        );
    }
    text.push_str("}\n\n");
}
