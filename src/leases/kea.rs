//! Kea's `memfile`: a log in CSV, whose first line names the columns.
//!
//! Which columns there are changed from version to version, so they are found by name. A
//! comma inside of a value is written `&#x2c`, so a comma always separates. A deleted
//! lease is logged once more, with a `valid_lifetime` of 0.
//!
//! The log is in more than one file, see [`super::file`]; each begins with its own header.

use std::net::IpAddr;

use super::octets::{card_in_duid, octets};
use super::{Lease, NEVER, Said};
use crate::address::card;

/// A `valid_lifetime` that never ends.
const INFINITE: &str = "4294967295";

/// Where the columns are that matter, counted from 0.
#[derive(Debug)]
pub(super) struct Columns {
    address: usize,
    expire: usize,
    hwaddr: Option<usize>,
    duid: Option<usize>,
    valid_lifetime: Option<usize>,
    state: Option<usize>,
    lease_type: Option<usize>,
}

impl Columns {
    /// From a header, if the line is one.
    pub(super) fn of(line: &str) -> Option<Self> {
        if !line.starts_with("address,") {
            return None;
        }
        let at = |name| line.split(',').position(|column| column.trim() == name);
        Some(Self {
            address: at("address")?,
            expire: at("expire")?,
            hwaddr: at("hwaddr"),
            duid: at("duid"),
            valid_lifetime: at("valid_lifetime"),
            state: at("state"),
            lease_type: at("lease_type"),
        })
    }

    /// What a row says. A header in the middle counts from there on: it is there when
    /// somebody has joined two files.
    pub(super) fn said(&mut self, line: &str) -> Result<Option<Said>, &'static str> {
        if let Some(columns) = Self::of(line) {
            *self = columns;
            return Ok(None);
        }
        let row = Row {
            fields: line.split(',').collect(),
        };
        let address: IpAddr = row
            .field(self.address)?
            .parse()
            .map_err(|_| "its first column is no address")?;
        // A prefix for a router to give on: nobody asks from that address.
        let lease = match row.is(self.lease_type, "2") {
            Ok(true) => return Ok(None),
            Ok(false) => self.lease(&row),
            Err(what) => Err(what),
        };
        Ok(Some(Said { address, lease }))
    }

    fn lease(&self, row: &Row<'_>) -> Result<Option<Lease>, &'static str> {
        let assigned = self.state.is_none() || row.is(self.state, "0")?;
        if !assigned || row.is(self.valid_lifetime, "0")? {
            return Ok(None);
        }
        let ends = match row.field(self.expire)?.parse() {
            Ok(_) if row.is(self.valid_lifetime, INFINITE)? => NEVER,
            Ok(expire) => expire,
            Err(_) => return Err("expire is no number of seconds"),
        };
        let mac = self.mac(row)?;
        Ok(mac.map(|mac| Lease { mac, ends }))
    }

    /// Of a DHCPv6 client Kea knows the MAC only where it could see it; the DUID may
    /// hold one.
    fn mac(&self, row: &Row<'_>) -> Result<Option<[u8; 6]>, &'static str> {
        let hwaddr = row.bytes(self.hwaddr).ok_or("hwaddr is no MAC")?;
        let duid = row.bytes(self.duid).ok_or("duid is no DUID")?;
        Ok(card(&hwaddr).or_else(|| card_in_duid(&duid)))
    }
}

/// One line, cut at its commas.
struct Row<'a> {
    fields: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn field(&self, column: usize) -> Result<&'a str, &'static str> {
        let field = self.fields.get(column).map(|field| field.trim());
        field.ok_or("it has fewer columns than the header")
    }

    fn is(&self, column: Option<usize>, value: &str) -> Result<bool, &'static str> {
        column.map_or(Ok(false), |column| Ok(self.field(column)? == value))
    }

    /// None at all where there is no such column, or nothing in it.
    fn bytes(&self, column: Option<usize>) -> Option<Vec<u8>> {
        match column.map_or(Ok(""), |column| self.field(column)) {
            Ok("") => Some(Vec::new()),
            Ok(text) => octets(text),
            Err(_) => None,
        }
    }
}
