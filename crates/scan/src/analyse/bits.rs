//! Sets of the values of a fieldless enum, as bits of a number.

/// Declares a set type over an enum whose values count from zero.
macro_rules! bit_set {
    ($(#[$about:meta])* $visible:vis struct $set:ident($bits:ty) of $one:ty) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        $visible struct $set($bits);

        #[allow(dead_code, reason = "not every set needs every operation")]
        impl $set {
            /// The empty set.
            $visible const NONE: Self = Self(0);

            /// The set of these.
            $visible const fn of(list: &[$one]) -> Self {
                let mut bits = 0;
                let mut index = 0;
                while index < list.len() {
                    bits |= 1 << list[index] as u32;
                    index += 1;
                }
                Self(bits)
            }

            /// True if this one is in the set.
            $visible const fn has(self, one: $one) -> bool {
                self.0 & (1 << one as u32) != 0
            }

            /// True if the two sets share one.
            $visible const fn meets(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// What is in either set.
            $visible const fn and(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is left without another set.
            $visible const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// What is in both sets.
            $visible const fn only(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Adds one.
            $visible fn add(&mut self, one: $one) {
                self.0 |= 1 << one as u32;
            }
        }
    };
}

pub(super) use bit_set;
