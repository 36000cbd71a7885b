import "../style/base.css";
import { mount } from "svelte";
import { connect } from "../backend";
import Prompt from "./Prompt.svelte";

const target = document.getElementById("app");
if (target) mount(Prompt, { target, props: { backend: await connect() } });
