//! Products of decimals, rounded once: two numbers of 96 bits give one of 192, which a decimal cannot hold.

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointNearestEven;

/// A product rounded half to even to so many digits after the point, or to as many as there is room for. Rounding to 28
/// digits first could make a tie of what is none. `None` if it is too large.
pub(super) fn multiply(a: Decimal, b: Decimal, digits: u32) -> Option<Decimal> {
    let scale = a.scale() + b.scale();
    if let Some(product) = a.checked_mul(b)
        && (product.scale() == scale || a.is_zero() || b.is_zero())
    {
        // Nothing was rounded away.
        return Some(product.round_dp_with_strategy(digits, MidpointNearestEven));
    }
    let product = Wide::product(a.mantissa().unsigned_abs(), b.mantissa().unsigned_abs());
    let negative = a.is_sign_negative() != b.is_sign_negative();
    for digits in (0..=digits.min(scale)).rev() {
        let rounded = product.clone().without_digits(scale - digits);
        let fitting = rounded.number().and_then(|number| i128::try_from(number).ok());
        let fitting = fitting.map(|number| if negative { -number } else { number });
        if let Some(found) = fitting.and_then(|n| Decimal::try_from_i128_with_scale(n, digits).ok()) {
            return Some(if found.is_zero() { found.abs() } else { found });
        }
    }
    None
}

/// A number of 192 bits, the least 32 first.
#[derive(Clone)]
struct Wide([u32; 6]);

impl Wide {
    /// Of two numbers of 96 bits.
    fn product(a: u128, b: u128) -> Wide {
        let parts = |n: u128| [0, 32, 64].map(|shift| u64::from((n >> shift) as u32));
        let mut out = [0_u32; 6];
        for (i, x) in parts(a).into_iter().enumerate() {
            let mut carry = 0_u64;
            for (j, y) in parts(b).into_iter().enumerate() {
                // At most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
                let sum = x * y + u64::from(out[i + j]) + carry;
                out[i + j] = sum as u32;
                carry = sum >> 32;
            }
            out[i + 3] = carry as u32;
        }
        Wide(out)
    }

    /// Divides; gives the rest.
    fn divide(&mut self, by: u32) -> u32 {
        let mut rest = 0_u64;
        for part in self.0.iter_mut().rev() {
            let number = (rest << 32) | u64::from(*part);
            *part = (number / u64::from(by)) as u32;
            rest = number % u64::from(by);
        }
        rest as u32
    }

    /// Without so many digits at the end, rounded half to even.
    fn without_digits(mut self, mut count: u32) -> Wide {
        if count == 0 {
            return self;
        }
        let mut more = false;
        while count > 1 {
            let step = (count - 1).min(9);
            more |= self.divide(10_u32.pow(step)) != 0;
            count -= step;
        }
        let last = self.divide(10);
        if last > 5 || (last == 5 && (more || self.0[0] % 2 == 1)) {
            for part in &mut self.0 {
                let (sum, over) = part.overflowing_add(1);
                *part = sum;
                if !over {
                    break;
                }
            }
        }
        self
    }

    fn number(&self) -> Option<u128> {
        match self.0 {
            [a, b, c, d, 0, 0] => Some([d, c, b, a].iter().fold(0, |n, part| (n << 32) | u128::from(*part))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::multiply;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    /// The digits of the product, the least first, by the way one learns at school.
    fn long_product(a: &str, b: &str) -> Vec<u32> {
        let digits = |text: &str| -> Vec<u32> { text.chars().rev().filter_map(|c| c.to_digit(10)).collect() };
        let (a, b) = (digits(a), digits(b));
        let mut out = vec![0; a.len() + b.len() + 1];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                out[i + j] += x * y;
            }
        }
        for at in 0..out.len() - 1 {
            out[at + 1] += out[at] / 10;
            out[at] %= 10;
        }
        out
    }

    /// Rounded half to even, as text without sign; all digits, however many.
    fn reference(a: Decimal, b: Decimal, places: usize) -> String {
        let mut digits = long_product(&a.mantissa().to_string(), &b.mantissa().to_string());
        let cut = (a.scale() + b.scale()) as usize - places;
        digits.resize(digits.len().max(cut + 2), 0);
        let (gone, kept) = digits.split_at(cut);
        let mut kept = kept.to_vec();
        if let Some((first, rest)) = gone.split_last()
            && (*first > 5 || *first == 5 && (rest.iter().any(|d| *d > 0) || kept[0] % 2 == 1))
        {
            kept[0] += 1;
            for at in 0..kept.len() - 1 {
                kept[at + 1] += kept[at] / 10;
                kept[at] %= 10;
            }
        }
        let text: String = kept.iter().rev().map(u32::to_string).collect();
        text.trim_start_matches('0').to_owned()
    }

    #[test]
    fn a_tie_that_is_none_is_seen() {
        let product =
            |a: &str, b: &str| multiply(a.parse().unwrap(), b.parse().unwrap(), 2).unwrap().to_string();
        // 0.005 and a bit beyond the 28th digit: more than half.
        assert_eq!(product("0.0500000000000000000000000001", "0.1000000000000000000000000001"), "0.01");
        assert_eq!(product("-0.0500000000000000000000000001", "0.1000000000000000000000000001"), "-0.01");
        // Less than half.
        assert_eq!(product("0.1499999999999999999999999999", "0.1"), "0.01");
        assert_eq!(product("0.05", "0.1"), "0.00");
        assert_eq!(product("0.15", "0.1"), "0.02");
        let most = Decimal::MAX;
        assert_eq!(multiply(most, Decimal::TWO, 2), None);
        assert_eq!(multiply(most, Decimal::ONE, 2), Some(most));
    }

    proptest! {
        #[test]
        fn as_by_hand(
            a in 0_i128..1 << 96, b in 0_i128..1 << 96, shift_a in 0_u32..96, shift_b in 0_u32..96,
            scale_a in 0_u32..=28, scale_b in 0_u32..=28, digits in 0_u32..=4, signs in any::<(bool, bool)>(),
        ) {
            let signed = |n: i128, negative| if negative { -n } else { n };
            let a = Decimal::from_i128_with_scale(signed(a >> shift_a, signs.0), scale_a);
            let b = Decimal::from_i128_with_scale(signed(b >> shift_b, signs.1), scale_b);
            let places = digits.min(scale_a + scale_b) as usize;
            match multiply(a, b, digits) {
                Some(found) => {
                    let shown = found.mantissa().unsigned_abs().to_string();
                    prop_assert_eq!(shown.trim_start_matches('0'), reference(a, b, found.scale() as usize));
                    // Fewer digits only where there is no room.
                    if (found.scale() as usize) < places && !found.is_zero() {
                        let more = reference(a, b, found.scale() as usize + 1);
                        prop_assert!(more.parse::<u128>().map_or(true, |n| n >= 1 << 96), "{}", more);
                    }
                    prop_assert!(found.is_zero() || found.is_sign_negative() == (signs.0 != signs.1));
                }
                None => {
                    let whole = reference(a, b, 0);
                    prop_assert!(whole.parse::<u128>().map_or(true, |n| n >= 1 << 96), "{}", whole);
                }
            }
        }
    }
}
