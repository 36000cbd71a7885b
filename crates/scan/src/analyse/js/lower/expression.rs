//! Expressions.

use super::*;

impl Lowering<'_, '_> {
    pub(super) fn expression(&mut self, expression: &ast::Expression<'_>) -> Id {
        use ast::Expression as E;
        let at = expression.span().start;
        match expression {
            E::StringLiteral(text) => self.node(Node::Text(text.value.as_str().into()), at),
            E::NumericLiteral(number) => self.node(Node::Number(number.value), at),
            E::BooleanLiteral(flag) => self.node(Node::Flag(flag.value), at),
            E::NullLiteral(_) => self.node(Node::Nothing, at),
            E::RegExpLiteral(pattern) => {
                let global = pattern.regex.flags.contains(ast::RegExpFlags::G);
                self.node(Node::Pattern(pattern.regex.pattern.text.as_str().into(), global), at)
            }
            E::TemplateLiteral(template) => self.template(template, at),
            E::TaggedTemplateExpression(tagged) => {
                let callee = self.expression(&tagged.tag);
                let text = self.template(&tagged.quasi, at);
                self.call(callee, [text].into(), false, at)
            }
            E::Identifier(identifier) => self.identifier(identifier),
            E::ThisExpression(_) => self.node(Node::This, at),
            E::ArrayExpression(array) => {
                let elements: Vec<Id> =
                    array.elements.iter().map(|element| self.element(element, at)).collect();
                self.node(Node::List(elements.into()), at)
            }
            E::ObjectExpression(object) => self.object(object, at),
            E::FunctionExpression(function) => self.function(function),
            E::ArrowFunctionExpression(arrow) => self.arrow(arrow),
            E::ClassExpression(class) => self.class(class, &mut Vec::new()),
            E::CallExpression(call) => self.call_expression(call),
            E::NewExpression(new) => {
                let callee = self.expression(&new.callee);
                let arguments = self.arguments(&new.arguments);
                self.call(callee, arguments, true, at)
            }
            E::ImportExpression(import) => {
                let source = self.expression(&import.source);
                let id = self.node(Node::ImportCall(source), at);
                self.program.calls.push(id);
                id
            }
            E::StaticMemberExpression(_) | E::ComputedMemberExpression(_) | E::PrivateFieldExpression(_) => {
                let (object, key) = expression
                    .as_member_expression()
                    .map_or((None, Key::Spread), |member| self.member_parts(member));
                match object {
                    Some(object) => self.node(Node::Member(object, key), at),
                    None => self.node(Node::Unknown, at),
                }
            }
            E::ChainExpression(chain) => match &chain.expression {
                ast::ChainElement::CallExpression(call) => self.call_expression(call),
                ast::ChainElement::TSNonNullExpression(inner) => self.expression(&inner.expression),
                other => match other.as_member_expression().map(|member| self.member_parts(member)) {
                    Some((Some(object), key)) => self.node(Node::Member(object, key), at),
                    _ => self.node(Node::Unknown, at),
                },
            },
            E::AssignmentExpression(assignment) => self.assignment(assignment, at),
            E::UpdateExpression(update) => {
                let step = if update.operator == UpdateOperator::Increment { 1 } else { -1 };
                let target = self.simple_target(&update.argument);
                self.node(Node::Step(target, step, update.prefix), at)
            }
            E::BinaryExpression(binary) => {
                let left = self.expression(&binary.left);
                let right = self.expression(&binary.right);
                self.node(Node::Binary(binary.operator, left, right), at)
            }
            E::LogicalExpression(logical) => {
                let left = self.expression(&logical.left);
                let right = self.expression(&logical.right);
                match logical.operator {
                    oxc_syntax::operator::LogicalOperator::And => {
                        self.node(Node::Choice(left, right, left), at)
                    }
                    _ => self.node(Node::Either(left, right), at),
                }
            }
            E::ConditionalExpression(choice) => {
                let test = self.expression(&choice.test);
                let yes = self.expression(&choice.consequent);
                let no = self.expression(&choice.alternate);
                self.node(Node::Choice(test, yes, no), at)
            }
            E::UnaryExpression(unary) => {
                let inner = self.expression(&unary.argument);
                self.node(Node::Unary(unary.operator, inner), at)
            }
            E::SequenceExpression(sequence) => {
                let all: Vec<Id> = sequence.expressions.iter().map(|inner| self.expression(inner)).collect();
                self.node(Node::Sequence(all.into()), at)
            }
            E::AwaitExpression(inner) => {
                let inner = self.expression(&inner.argument);
                self.node(Node::Await(inner), at)
            }
            E::YieldExpression(inner) => match &inner.argument {
                Some(argument) => self.expression(argument),
                None => self.node(Node::Unknown, at),
            },
            E::ParenthesizedExpression(inner) => self.expression(&inner.expression),
            E::TSAsExpression(inner) => self.expression(&inner.expression),
            E::TSSatisfiesExpression(inner) => self.expression(&inner.expression),
            E::TSTypeAssertion(inner) => self.expression(&inner.expression),
            E::TSNonNullExpression(inner) => self.expression(&inner.expression),
            E::TSInstantiationExpression(inner) => self.expression(&inner.expression),
            E::ImportMeta(_) => self.node(Node::Global("import.meta".into()), at),
            _ => self.node(Node::Unknown, at),
        }
    }

    fn template(&mut self, template: &ast::TemplateLiteral<'_>, at: u32) -> Id {
        let mut parts = Vec::new();
        for (index, quasi) in template.quasis.iter().enumerate() {
            let text = quasi.value.cooked.as_ref().unwrap_or(&quasi.value.raw).as_str();
            if !text.is_empty() {
                parts.push(self.node(Node::Text(text.into()), quasi.span.start));
            }
            if let Some(expression) = template.expressions.get(index) {
                parts.push(self.expression(expression));
            }
        }
        self.node(Node::Joined(parts.into()), at)
    }

    fn element(&mut self, element: &ast::ArrayExpressionElement<'_>, at: u32) -> Id {
        match element {
            ast::ArrayExpressionElement::SpreadElement(spread) => {
                let inner = self.expression(&spread.argument);
                self.node(Node::Spread(inner), at)
            }
            other => match other.as_expression() {
                Some(expression) => self.expression(expression),
                None => self.node(Node::Nothing, at),
            },
        }
    }

    fn object(&mut self, object: &ast::ObjectExpression<'_>, at: u32) -> Id {
        let mut members = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            match property {
                ast::ObjectPropertyKind::ObjectProperty(property) => {
                    let key = self.key(&property.key, property.computed);
                    let value = self.expression(&property.value);
                    members.push((key, value));
                }
                ast::ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.expression(&spread.argument);
                    members.push((Key::Spread, value));
                }
            }
        }
        self.node(Node::Record(members.into()), at)
    }

    fn arguments(&mut self, arguments: &[ast::Argument<'_>]) -> Rc<[Id]> {
        arguments
            .iter()
            .map(|argument| match argument {
                ast::Argument::SpreadElement(spread) => {
                    let inner = self.expression(&spread.argument);
                    self.node(Node::Spread(inner), spread.span.start)
                }
                other => match other.as_expression() {
                    Some(expression) => self.expression(expression),
                    None => self.node(Node::Unknown, 0),
                },
            })
            .collect()
    }

    fn call_expression(&mut self, call: &ast::CallExpression<'_>) -> Id {
        let callee = self.expression(&call.callee);
        let arguments = self.arguments(&call.arguments);
        // A chain of calls starts where its first link starts; the place of this one is its own name.
        let at = match &call.callee {
            ast::Expression::StaticMemberExpression(member) => member.property.span.start,
            other => other.span().start,
        };
        self.call(callee, arguments, false, at)
    }

    fn call(&mut self, callee: Id, arguments: Rc<[Id]>, new: bool, at: u32) -> Id {
        let id = self.node(Node::Call { callee, arguments, new }, at);
        self.program.calls.push(id);
        id
    }

    fn member_parts(&mut self, member: &ast::MemberExpression<'_>) -> (Option<Id>, Key) {
        match member {
            ast::MemberExpression::StaticMemberExpression(inner) => {
                (Some(self.expression(&inner.object)), Key::Plain(inner.property.name.as_str().into()))
            }
            ast::MemberExpression::ComputedMemberExpression(inner) => {
                let object = self.expression(&inner.object);
                (Some(object), Key::Computed(self.expression(&inner.expression)))
            }
            ast::MemberExpression::PrivateFieldExpression(inner) => {
                (Some(self.expression(&inner.object)), Key::Plain(format!("#{}", inner.field.name).into()))
            }
        }
    }

    fn assignment(&mut self, assignment: &ast::AssignmentExpression<'_>, at: u32) -> Id {
        let mut value = self.expression(&assignment.right);
        let target = match assignment.left.as_simple_assignment_target() {
            Some(simple) => self.simple_target(simple),
            None => {
                self.take_apart(&assignment.left, value);
                Target::Other
            }
        };
        if assignment.operator != AssignmentOperator::Assign {
            let before = match &target {
                Target::Name(symbol) => self.node(Node::Name(*symbol), at),
                Target::Global(name) => self.node(Node::Global(Rc::clone(name)), at),
                Target::Member(object, key) => self.node(Node::Member(*object, key.clone()), at),
                Target::Other => self.node(Node::Unknown, at),
            };
            value = match assignment.operator.to_binary_operator() {
                Some(operator) => self.node(Node::Binary(operator, before, value), at),
                None => self.node(Node::Either(before, value), at),
            };
        }
        self.give(&target, value);
        let to_member = matches!(target, Target::Member(..));
        let id = self.node(Node::Assign(target, value), at);
        if to_member {
            self.program.assignments.push(id);
        }
        id
    }

    /// Remembers that a target was given a value.
    fn give(&mut self, target: &Target, value: Id) {
        match target {
            Target::Name(symbol) => self.define(*symbol, value),
            Target::Global(name) => {
                self.program.implicit.entry((self.file, Rc::clone(name))).or_default().push(value);
            }
            Target::Member(object, key) => {
                let name: Rc<str> = match key {
                    Key::Plain(name) => Rc::clone(name),
                    _ => "".into(),
                };
                match &self.program.nodes[*object as usize] {
                    Node::Name(symbol) => {
                        let symbol = *symbol;
                        self.program.fields.entry(symbol).or_default().push((name, value));
                    }
                    Node::This => {
                        let this = self.program.this_of(self.file);
                        self.program.fields.entry(this).or_default().push((name, value));
                    }
                    Node::Global(global) if &**global == "exports" => self.exports.push((name, value)),
                    Node::Global(global) if &**global == "module" && &*name == "exports" => {
                        self.exports.push(("".into(), value));
                    }
                    Node::Member(module, Key::Plain(exports))
                        if &**exports == "exports"
                            && matches!(&self.program.nodes[*module as usize], Node::Global(global) if &**global == "module") =>
                    {
                        self.exports.push((name, value));
                    }
                    // `a.b.c = x`: what is inside belongs to the outermost name.
                    Node::Member(outer, _) => {
                        if let Node::Name(symbol) = self.program.nodes[*outer as usize] {
                            self.program.fields.entry(symbol).or_default().push(("".into(), value));
                        }
                    }
                    _ => {}
                }
            }
            Target::Other => {}
        }
    }

    fn simple_target(&mut self, target: &ast::SimpleAssignmentTarget<'_>) -> Target {
        match target {
            ast::SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) => {
                match self.referred(identifier) {
                    Some(symbol) => Target::Name(symbol),
                    None => Target::Global(identifier.name.as_str().into()),
                }
            }
            other => match other.as_member_expression().map(|member| self.member_parts(member)) {
                Some((Some(object), key)) => Target::Member(object, key),
                _ => Target::Other,
            },
        }
    }

    fn take_apart(&mut self, target: &ast::AssignmentTarget<'_>, value: Id) {
        let at = self.program.offsets[value as usize];
        match target {
            ast::AssignmentTarget::ObjectAssignmentTarget(object) => {
                for property in &object.properties {
                    match property {
                        ast::AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(short) => {
                            let name = short.binding.name.as_str().into();
                            let member = self.node(Node::Member(value, Key::Plain(name)), at);
                            if let Some(symbol) = self.referred(&short.binding) {
                                self.define(symbol, member);
                            }
                        }
                        ast::AssignmentTargetProperty::AssignmentTargetPropertyProperty(named) => {
                            let key = self.key(&named.name, named.computed);
                            let member = self.node(Node::Member(value, key), at);
                            self.assign_maybe(&named.binding, member);
                        }
                    }
                }
            }
            ast::AssignmentTarget::ArrayAssignmentTarget(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let key = Key::Plain(index.to_string().into());
                    let member = self.node(Node::Member(value, key), at);
                    self.assign_maybe(element, member);
                }
            }
            simple => {
                if let Some(simple) = simple.as_simple_assignment_target() {
                    let target = self.simple_target(simple);
                    self.give(&target, value);
                }
            }
        }
    }

    fn assign_maybe(&mut self, target: &ast::AssignmentTargetMaybeDefault<'_>, value: Id) {
        match target {
            ast::AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(with) => {
                self.take_apart(&with.binding, value);
            }
            other => {
                if let Some(target) = other.as_assignment_target() {
                    self.take_apart(target, value);
                }
            }
        }
    }
}
