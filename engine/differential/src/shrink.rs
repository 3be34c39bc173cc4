//! Making a failing case small: whatever can be taken away while the same difference stays, is.

use crate::tree::Tree;

/// The smallest tree found that still fails. `fails` decides.
pub fn shrink(tree: &Tree, fails: &mut dyn FnMut(&Tree) -> bool) -> Tree {
    let mut best = tree.clone();
    loop {
        let before = best.clone();
        let mut path = Vec::new();
        shrink_at(&mut best, &mut path, fails);
        if best == before {
            return best;
        }
    }
}

fn at<'t>(tree: &'t mut Tree, path: &[usize]) -> Option<&'t mut Tree> {
    path.iter().try_fold(tree, |node, index| match node {
        Tree::List(elements) => elements.get_mut(*index),
        Tree::Map(members) => members.get_mut(*index).map(|(_, value)| value),
        _ => None,
    })
}

fn length(tree: &Tree) -> usize {
    match tree {
        Tree::List(elements) => elements.len(),
        Tree::Map(members) => members.len(),
        _ => 0,
    }
}

fn shrink_at(best: &mut Tree, path: &mut Vec<usize>, fails: &mut dyn FnMut(&Tree) -> bool) {
    let Some(node) = at(best, path) else { return };
    // Runs of children first, then single ones.
    let mut run = length(node).div_ceil(2);
    while run > 0 {
        let mut from = 0;
        while let Some(node) = at(best, path) {
            if from >= length(node) {
                break;
            }
            let mut smaller = best.clone();
            match at(&mut smaller, path) {
                Some(Tree::List(elements)) => {
                    drop(elements.drain(from..(from + run).min(elements.len())))
                }
                Some(Tree::Map(members)) => {
                    drop(members.drain(from..(from + run).min(members.len())))
                }
                _ => break,
            }
            if fails(&smaller) {
                *best = smaller;
            } else {
                from += run;
            }
        }
        run /= 2;
    }
    let Some(node) = at(best, path) else { return };
    for replacement in replacements(node) {
        let mut smaller = best.clone();
        let Some(place) = at(&mut smaller, path) else {
            return;
        };
        *place = replacement;
        if fails(&smaller) {
            *best = smaller;
            break;
        }
    }
    let count = at(best, path).map_or(0, |node| length(node));
    for index in 0..count {
        path.push(index);
        shrink_at(best, path, fails);
        path.pop();
    }
}

/// Simpler values to try in place of one.
fn replacements(tree: &Tree) -> Vec<Tree> {
    match tree {
        Tree::Null | Tree::Bool(false) => Vec::new(),
        Tree::Bool(true) => Vec::new(),
        Tree::Number(token) => ["100", "0", "1"]
            .into_iter()
            .filter(|simple| simple.len() < token.len())
            .map(|simple| Tree::Number(simple.into()))
            .collect(),
        Tree::Escaped(text) => vec![Tree::Text(text.clone())],
        Tree::Text(text) => {
            let characters: Vec<char> = text.chars().collect();
            let half = characters.len() / 2;
            let mut simpler = Vec::new();
            if half > 0 {
                simpler.push(Tree::Text(characters[..half].iter().collect()));
                simpler.push(Tree::Text(characters[half..].iter().collect()));
                simpler.push(Tree::Text(characters[1..].iter().collect()));
                simpler.push(Tree::Text(
                    characters[..characters.len() - 1].iter().collect(),
                ));
            }
            simpler
        }
        Tree::List(_) | Tree::Map(_) => Vec::new(),
    }
}
