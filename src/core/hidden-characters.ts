/**
 * Characters that do not show, or that turn a line around; the plain space, the tab and the ends of lines are among them. A class
 * for a regular expression with the flag `u`.
 */
export const HIDDEN_CHARACTERS = String.raw`[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}]`;
