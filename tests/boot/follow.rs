//! What a computer boots from a menu is what it gets from then on: one menu for all, no
//! rule for anybody's choice, and the next boot may choose something else.

use crate::bios::nbp_in_boot;
