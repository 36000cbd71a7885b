//! Files that run together, parsed: their functions, constants and imports by name.

use super::nesting::is_shallow;
use crate::SourceFile;
use crate::analyse::lexing::{Language, lex};
use std::collections::HashMap;
use std::ops::Range;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, ItemFn, Signature, Token, UseTree};

/// What stands between the brackets of a macro call.
pub(super) type Arguments = Punctuated<Expr, Token![,]>;

/// One file of the program.
pub(super) struct Parsed {
    /// Its index in the package.
    pub(super) file: usize,
    pub(super) tree: syn::File,
    /// The arguments of its macro calls, where they read as expressions, by the place of the macro's name.
    pub(super) macros: HashMap<usize, Arguments>,
    /// Bytes that stand before what the parser saw.
    skipped: usize,
}

/// Parses a file; `None` where that is not safe or it is not Rust as the parser knows it.
pub(super) fn parse(file: usize, source: &SourceFile<'_>) -> Option<Parsed> {
    let lexed = lex(Language::Rust, source.bytes);
    if !is_shallow(source.bytes, &lexed) {
        return None;
    }
    let text = std::str::from_utf8(source.bytes).ok()?;
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - plain.len();
    let tree = syn::parse_str(plain).ok()?;
    let mut macros = Macros::default();
    macros.visit_file(&tree);
    Some(Parsed { file, tree, macros: macros.0, skipped })
}

#[derive(Default)]
struct Macros(HashMap<usize, Arguments>);

impl<'a> Visit<'a> for Macros {
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        if let Ok(arguments) = call.parse_body_with(Arguments::parse_terminated)
            && let Some(name) = call.path.segments.last()
        {
            for argument in &arguments {
                Macros::visit_expr(self, argument);
            }
            self.0.insert(name.ident.span().byte_range().start, arguments);
        }
        visit::visit_macro(self, call);
    }
}

/// A function with its body.
#[derive(Clone, Copy)]
pub(super) struct Function<'p> {
    /// Index among the parsed files.
    pub(super) home: usize,
    pub(super) signature: &'p Signature,
    pub(super) body: &'p syn::Block,
    /// Run by nobody in the program: the loader, cargo or the compiler does.
    pub(super) entry: bool,
    /// Runs before `main` of whatever it is linked into.
    pub(super) early: bool,
}

/// Everything the files define.
pub(super) struct Program<'p> {
    pub(super) files: &'p [Parsed],
    pub(super) functions: Vec<Function<'p>>,
    by_name: HashMap<String, Vec<usize>>,
    pub(super) constants: HashMap<String, (usize, &'p Expr)>,
    /// By file: the last part of an imported path, or its alias, to the whole path.
    imports: Vec<HashMap<String, String>>,
    /// Bytes of tests, by the file's index in the package.
    pub(super) tests: Vec<(usize, Range<usize>)>,
    /// Functions that a static among the initialisers names.
    early: Vec<String>,
}

impl<'p> Program<'p> {
    pub(super) fn of(files: &'p [Parsed]) -> Self {
        let mut program = Self {
            files,
            functions: Vec::new(),
            by_name: HashMap::new(),
            constants: HashMap::new(),
            imports: vec![HashMap::new(); files.len()],
            tests: Vec::new(),
            early: Vec::new(),
        };
        for (home, parsed) in files.iter().enumerate() {
            program.items(home, &parsed.tree.items);
        }
        for function in &mut program.functions {
            function.early |= program.early.iter().any(|name| function.signature.ident == name);
            function.entry |= function.early;
        }
        program
    }

    /// Functions of that name, by the last part of the path that calls them.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = usize> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// A path as it reads without imports and aliases.
    pub(super) fn resolve(&self, home: usize, path: &syn::Path) -> String {
        let mut parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_none()
            && let Some(whole) = self.imports.get(home).and_then(|imports| imports.get(parts.first()?))
        {
            parts[0].clone_from(whole);
        }
        parts.join("::")
    }

    /// Where a span starts in its file.
    pub(super) fn offset(&self, home: usize, span: proc_macro2::Span) -> usize {
        span.byte_range().start + self.files.get(home).map_or(0, |parsed| parsed.skipped)
    }

    /// The arguments of a macro call.
    pub(super) fn arguments(&self, home: usize, call: &syn::Macro) -> Option<&'p Arguments> {
        let name = call.path.segments.last()?;
        self.files.get(home)?.macros.get(&name.ident.span().byte_range().start)
    }

    fn items(&mut self, home: usize, items: &'p [Item]) {
        for item in items {
            self.item(home, item);
        }
    }

    fn item(&mut self, home: usize, item: &'p Item) {
        match item {
            Item::Fn(function) if is_test(&function.attrs) => self.test(home, function),
            Item::Fn(ItemFn { attrs, sig, block, .. }) => {
                self.function(home, attrs, sig, block);
                self.inner(home, block);
            }
            Item::Const(constant) => {
                self.constants.insert(constant.ident.to_string(), (home, &constant.expr));
            }
            Item::Static(constant) => {
                if constant.attrs.iter().any(is_initialiser)
                    && let Expr::Path(path) = &*constant.expr
                    && let Some(last) = path.path.segments.last()
                {
                    self.early.push(last.ident.to_string());
                }
                self.constants.insert(constant.ident.to_string(), (home, &constant.expr));
            }
            Item::Use(import) => self.import(home, String::new(), &import.tree),
            Item::Mod(module) => {
                let Some((braces, items)) = &module.content else { return };
                if is_test(&module.attrs) {
                    let range = braces.span.join().byte_range();
                    self.tests.push((self.files[home].file, range));
                } else {
                    self.items(home, items);
                }
            }
            Item::Impl(block) => {
                for item in &block.items {
                    if let syn::ImplItem::Fn(method) = item {
                        self.function(home, &method.attrs, &method.sig, &method.block);
                        self.inner(home, &method.block);
                    }
                }
            }
            _ => {}
        }
    }

    /// Items that stand inside a function.
    fn inner(&mut self, home: usize, block: &'p syn::Block) {
        for statement in &block.stmts {
            if let syn::Stmt::Item(item) = statement {
                self.item(home, item);
            }
        }
    }

    fn function(&mut self, home: usize, attrs: &[Attribute], signature: &'p Signature, body: &'p syn::Block) {
        let name = signature.ident.to_string();
        let early = attrs.iter().any(is_early);
        let expands = attrs.iter().any(|attribute| {
            attribute.path().get_ident().is_some_and(|name| name.to_string().starts_with("proc_macro"))
        });
        let entry = early || expands || name == "main";
        self.by_name.entry(name).or_default().push(self.functions.len());
        self.functions.push(Function { home, signature, body, entry, early });
    }

    fn test(&mut self, home: usize, function: &ItemFn) {
        let range = function.block.brace_token.span.join().byte_range();
        self.tests.push((self.files[home].file, range));
    }

    fn import(&mut self, home: usize, before: String, tree: &UseTree) {
        let joined =
            |name: &str| if before.is_empty() { name.to_owned() } else { format!("{before}::{name}") };
        match tree {
            UseTree::Path(path) => self.import(home, joined(&path.ident.to_string()), &path.tree),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name == "self" {
                    let last = before.rsplit("::").next().unwrap_or_default().to_owned();
                    self.imports[home].insert(last, before);
                } else {
                    let whole = joined(&name);
                    self.imports[home].insert(name, whole);
                }
            }
            UseTree::Rename(rename) => {
                let (name, alias) = (rename.ident.to_string(), rename.rename.to_string());
                let whole = if name == "self" { before } else { joined(&name) };
                self.imports[home].insert(alias, whole);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(home, before.clone(), tree);
                }
            }
            UseTree::Glob(_) => {}
        }
    }
}

/// `#[test]` and `#[cfg(test)]`.
fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => {
                list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
            }
            _ => last.as_deref() == Some("test"),
        }
    })
}

/// `#[ctor]` and whatever is linked among the initialisers.
fn is_early(attribute: &Attribute) -> bool {
    attribute.path().segments.iter().any(|segment| segment.ident == "ctor")
}

fn is_initialiser(attribute: &Attribute) -> bool {
    let text = match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("link_section") => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(section), .. }) => section.value(),
            _ => return false,
        },
        syn::Meta::List(list) if list.path.is_ident("unsafe") => list.tokens.to_string(),
        _ => return false,
    };
    [".init_array", "__mod_init_func", ".CRT$XC"].iter().any(|section| text.contains(section))
}
