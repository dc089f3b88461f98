//! A tree cut down to a few of its folders: the rest of a boot.wim, 20,000 entries, is of no
//! use for network booting and need not stay in memory. Nor need the better part of it, the
//! places of all contents.

use std::collections::VecDeque;

use super::{EMPTY, Form, Inner, Node, Nodes, Tree};
use crate::name::{Folded, fold};

/// What is kept below a folder.
#[derive(Debug, Clone)]
enum Below<'a> {
    Everything,
    /// The ways on to what is kept, none of them empty.
    Ways(Vec<&'a [Folded]>),
}

impl<'a> Below<'a> {
    /// What is kept below the entry of that name; `None` if not even that.
    fn step(&self, name: &[u8]) -> Option<Self> {
        let Self::Ways(ways) = self else {
            return Some(Self::Everything);
        };
        let name = fold(name);
        let mut on = Vec::new();
        for way in ways {
            match way.split_first() {
                Some((first, [])) if *first == name => return Some(Self::Everything),
                Some((first, rest)) if *first == name => on.push(rest),
                _ => {}
            }
        }
        (!on.is_empty()).then_some(Self::Ways(on))
    }

    fn takes(&self, node: &Node) -> bool {
        matches!((self, node.form), (Self::Everything, _) | (_, Form::Folder))
    }
}

impl Tree {
    /// The same with nothing but these folders, and the way to each. A folder is named by
    /// the names on the way, separated by `/`, in any case. It shares no more with the whole
    /// one than the medium.
    #[must_use]
    pub fn only(&self, folders: &[&str]) -> Self {
        let ways: Vec<Vec<Folded>> = folders
            .iter()
            .map(|way| way.split('/').map(|name| fold(name.as_bytes())).collect())
            .collect();
        let below = Below::Ways(ways.iter().map(Vec::as_slice).collect());
        let mut nodes = cut(&self.nodes, below);
        let contents = renumber(&mut nodes);
        let lookup = self.wim.lookup.only(&contents);
        Self::new(Inner::new(self.wim.store.clone(), lookup), nodes)
    }
}

/// Gives the contents that these nodes have numbers from 0 on. Returns the old ones, sorted.
fn renumber(nodes: &mut Nodes) -> Vec<u32> {
    let has_contents = |node: &&mut Node| node.form == Form::File && node.first != EMPTY;
    let files = nodes.nodes.iter_mut().filter(has_contents);
    let mut contents: Vec<u32> = files.map(|node| node.first).collect();
    contents.sort_unstable();
    contents.dedup();
    for node in nodes.nodes.iter_mut().filter(has_contents) {
        let number = contents.partition_point(|content| *content < node.first);
        node.first = number as u32;
    }
    contents
}

/// Goes through the folders level by level, so that the entries of each lie next to each
/// other again.
fn cut(whole: &Nodes, below: Below<'_>) -> Nodes {
    let mut kept = Nodes::default();
    let mut folders = VecDeque::new();
    if let Some(root) = whole.nodes.first() {
        keep(&mut kept, whole, root);
        folders.push_back((0, below));
    }
    while let Some((number, below)) = folders.pop_front() {
        let Some(folder) = kept.nodes.get(number).copied() else {
            continue;
        };
        let first = kept.nodes.len();
        for node in whole.entries(&folder) {
            let Some(node) = whole.nodes.get(node as usize) else {
                continue;
            };
            let on = below.step(whole.name(node));
            if let Some(on) = on.filter(|on| on.takes(node)) {
                folders.push_back((kept.nodes.len(), on));
                keep(&mut kept, whole, node);
            }
        }
        let count = kept.nodes.len() - first;
        if let Some(folder) = kept
            .nodes
            .get_mut(number)
            .filter(|node| node.form == Form::Folder)
        {
            (folder.first, folder.count) = (first as u32, count as u32);
        }
    }
    kept.nodes.shrink_to_fit();
    kept.names.shrink_to_fit();
    kept
}

/// Adds a node. That of a folder still says where its entries were.
fn keep(kept: &mut Nodes, whole: &Nodes, node: &Node) {
    let name = kept.names.len() as u32;
    kept.names.extend_from_slice(whole.name(node));
    kept.nodes.push(Node { name, ..*node });
}
